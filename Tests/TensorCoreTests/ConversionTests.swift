import Elements
import TensorCore
import Testing
import TestSupport

@Suite struct ConversionTests {
  @Test func floatsBecomeIntegers() {
    let x = Tensor([1.9, -1.9, -0.9, .nan, 3e9, -3e9, 1e19, -.infinity] as [Float])
    #expect(
      x.converted(to: .int32).array(of: Int32.self)
        == [1, -1, 0, 0, .max, .min, .max, .min])
    #expect(
      x.converted(to: .int64).array(of: Int64.self)
        == [1, -1, 0, 0, 3_000_000_000, -3_000_000_000, .max, .min])
    #expect(x.converted(to: .uint8).array(of: UInt8.self) == [1, 0, 0, 0, 255, 0, 255, 0])
    let truth = x.converted(to: .bool).array(of: Bool.self)
    #expect(truth == [true, true, true, true, true, true, true, true])
    #expect(Tensor([0, -0.0] as [Float]).array(of: Bool.self) == [false, false])
    let halves = x.converted(to: .float16)
    #expect(halves.array(of: Int32.self) == [1, -1, 0, 0, .max, .min, .max, .min])
  }

  @Test func integersBecomeNarrower() {
    let x = Tensor([1 << 32 + 5, -1, 256, .min] as [Int64])
    #expect(x.converted(to: .int32).array(of: Int32.self) == [5, -1, 256, 0])
    #expect(x.converted(to: .uint8).array(of: UInt8.self) == [5, 255, 0, 0])
    #expect(x.converted(to: .bool).array(of: Bool.self) == [true, true, true, true])
    #expect(x.converted(to: .float32).floats == [0x1p32, -1, 256, -0x1p63])
    // From 65520 on the nearest half is infinity; integers are rounded once.
    let y = Tensor([2049, 2051, 65519, 65520, 1 << 40] as [Int64]).converted(to: .float16)
    #expect(y.floats == [2048, 2052, 65504, .infinity, .infinity])
  }

  @Test(arguments: DType.allCases, DType.allCases)
  func smallNumbersSurviveEveryPair(_ from: DType, _ to: DType) {
    let x = Tensor([0, 1, 1, 0, 1] as [Float]).converted(to: from)
    for layout in Layout.allCases where layout != .broadcast {
      let converted = x.laidOut(layout).converted(to: to)
      #expect(converted.dtype == to && converted.floats == [0, 1, 1, 0, 1])
    }
  }

  @Test func halvesAreRoundedToNearestEven() {
    // Ties, the smallest denormals, and what is too large, with their neighbours.
    let x: [Float] = [
      1 + 0x1p-11, 1 + 0x3p-11, 0x1p-25, 0x1.0002p-25, 0x3p-25, 0x1p-24, 0x1p-14 - 0x1p-25, 65519,
      65520, -65520, -0x1p-26,
    ]
    let expected: [Float] = [
      1, 1 + 0x1p-9, 0, 0x1p-24, 0x1p-23, 0x1p-24, 0x1p-14, 65504, .infinity, -.infinity, -0.0,
    ]
    let halves = Tensor(x).converted(to: .float16)
    #expect(halves.floats == expected)
    #expect(halves.array(of: Float16.self) == x.map { Float16($0) })
  }

  @Test func gradientsPassConversions() {
    let x = Tensor([1.5, -2.25])
    x.requiresGrad = true
    (x.converted(to: .float16) * 3).converted(to: .float32).sum().backward()
    #expect(x.grad?.floats == [3, 3] && x.grad?.dtype == .float32)
    #expect(!x.converted(to: .int32).requiresGrad && !(x .> 0).requiresGrad)
  }
}
