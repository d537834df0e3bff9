import TensorCore
import Testing

/// What functions make of integers and Booleans, beyond the fixtures; PyTorch's results.
@Suite struct IntegerTests {
  private let bytes = Tensor([0, 3, 255] as [UInt8])
  private let mask = Tensor([true, false])

  @Test func bytesHaveNoSign() {
    #expect(bytes.abs().array(of: UInt8.self) == [0, 3, 255])
    #expect(bytes.sign().array(of: UInt8.self) == [0, 1, 1])
    #expect(bytes.squared().array(of: UInt8.self) == [0, 9, 1])
    #expect(bytes.clamped(from: 1, to: 7).array(of: UInt8.self) == [1, 3, 7])
    #expect((bytes * bytes).dtype == .uint8)
  }

  @Test func integersKeepTheirType() {
    let x = Tensor([-7, 0, 5] as [Int32])
    for same in [x.floor(), x.ceil(), x.rounded(), x.clamped(from: -7), x.clamped(to: 5)] {
      #expect(same.dtype == .int32 && same.array(of: Int32.self) == [-7, 0, 5])
      #expect(same.storage !== x.storage)
    }
    #expect(x.sign().array(of: Int32.self) == [-1, 0, 1] && x.sign().dtype == .int32)
    #expect(x.abs().array(of: Int32.self) == [7, 0, 5] && x.abs().dtype == .int32)
    #expect(relu(x).array(of: Int32.self) == [0, 0, 5] && relu(x).dtype == .int32)
    #expect(x.raised(to: 3).array(of: Int32.self) == [-343, 0, 125])
    #expect(x.exp().dtype == .float32 && x.reciprocal().dtype == .float32)
    let halfway = x.clamped(from: -0.5, to: 2.5)
    #expect(halfway.dtype == .float32 && halfway.floats == [-0.5, 0, 2.5])
    #expect((.!x).array(of: Bool.self) == [false, true, false])
    #expect(x.isNaN().array(of: Bool.self) == [false, false, false])
    #expect(x.isFinite().array(of: Bool.self) == [true, true, true])
  }

  @Test func overflowWrapsAround() {
    let x = Tensor([.min, .max] as [Int32])
    #expect((x + 1).array(of: Int32.self) == [.min + 1, .min])
    #expect((-x).array(of: Int32.self) == [.min, -.max])
    #expect(x.abs().array(of: Int32.self) == [.min, .max])
    let y = Tensor([.min, .max] as [Int64])
    #expect((y - 1).array(of: Int64.self) == [.max, .max - 1])
    #expect((y * 2).array(of: Int64.self) == [0, -2])
    #expect(y.floorDivided(by: -1).array(of: Int64.self) == [.min, -.max])
    #expect((y % -1).array(of: Int64.self) == [0, 0])
  }

  @Test func powersOfIntegers() {
    let x = Tensor([2, 1, -1, 0, 3] as [Int64])
    let exponents = Tensor([-1, -3, -3, -1, 39] as [Int64])
    #expect(
      x.raised(to: exponents).array(of: Int64.self) == [0, 1, -1, 0, 4_052_555_153_018_976_267])
    #expect(Tensor([7] as [Int64]).raised(to: Int.max).count == 1)
  }

  @Test func booleans() {
    #expect((mask + mask).array(of: Bool.self) == [true, false] && (mask * mask).dtype == .bool)
    #expect(Tensor.maximum(mask, Tensor(false)).dtype == .bool)
    #expect((mask / mask).floats[0] == 1)
    #expect((.!mask).array(of: Bool.self) == [false, true])
    #expect((mask .== Tensor([true, true])).array(of: Bool.self) == [true, false])
    #expect(mask.sign().dtype == .bool && mask.abs().dtype == .bool)
    #expect((mask .& Tensor([2, 2] as [Float])).array(of: Bool.self) == [true, false])
    #expect((mask .| Tensor([0, .nan] as [Float])).array(of: Bool.self) == [true, true])
  }

  @Test func selectionTakesAnyCondition() {
    let a = Tensor([1, 2, 3] as [Int64])
    let condition = Tensor([0, .nan, -0.5] as [Float])
    #expect(`where`(condition, a, 9).array(of: Int64.self) == [9, 2, 3])
    #expect(`where`(a, 1.5, Tensor(Float(0))).shape == [3])
  }

  @Test func floorDivisionOfFloatsIsExact() {
    let a = Tensor([1, -1, 5, 0.1, -0.0, 7] as [Float])
    let b = Tensor([0.1, 0.1, 0, 0.01, 3, -.infinity] as [Float])
    #expect(a.floorDivided(by: b).floats == [9, -10, .infinity, 10, 0, -1])
    #expect((Tensor([5, -5] as [Float]) % .infinity).floats == [5, .infinity])
  }
}
