import Elements
import TensorCore
import Testing

// The type of every pair's sum, as PyTorch 2.15's `torch.result_type` gives it.

/// The order of the rows and columns below.
private let types: [DType] = [.bool, .uint8, .int32, .int64, .float16, .float32]

/// Of two tensors with dimensions, and of two scalars.
private let equals: [[DType]] = [
  [.bool, .uint8, .int32, .int64, .float16, .float32],
  [.uint8, .uint8, .int32, .int64, .float16, .float32],
  [.int32, .int32, .int32, .int64, .float16, .float32],
  [.int64, .int64, .int64, .int64, .float16, .float32],
  [.float16, .float16, .float16, .float16, .float16, .float32],
  [.float32, .float32, .float32, .float32, .float32, .float32],
]

/// Of a tensor with dimensions (the row) and a scalar tensor (the column).
private let withScalar: [[DType]] = [
  [.bool, .uint8, .int32, .int64, .float16, .float32],
  [.uint8, .uint8, .uint8, .uint8, .float16, .float32],
  [.int32, .int32, .int32, .int32, .float16, .float32],
  [.int64, .int64, .int64, .int64, .float16, .float32],
  [.float16, .float16, .float16, .float16, .float16, .float16],
  [.float32, .float32, .float32, .float32, .float32, .float32],
]

@Suite struct PromotionTests {
  private let pairs = types.indices.flatMap { a in types.indices.map { (a, $0) } }

  private func ones(_ dtype: DType, _ shape: Shape = [2]) -> Tensor { .ones(shape, dtype) }

  @Test func typesOfPairs() {
    for (row, column) in pairs {
      let (a, b) = (types[row], types[column])
      let what = Comment("\(a) and \(b)")
      #expect((ones(a) + ones(b)).dtype == equals[row][column], what)
      #expect((ones(a, []) * ones(b, [])).dtype == equals[row][column], what)
      #expect((ones(a) * ones(b, [])).dtype == withScalar[row][column], what)
      #expect((ones(b, []) + ones(a)).dtype == withScalar[row][column], what)
      #expect(Tensor.maximum(ones(a), ones(b, [])).dtype == withScalar[row][column], what)
      let mask = Tensor([true, false])
      #expect(`where`(mask, ones(a), ones(b)).dtype == equals[row][column], what)
      #expect((ones(a) .< ones(b)).dtype == .bool && (ones(a) .& ones(b)).dtype == .bool, what)
      let quotient = equals[row][column]
      #expect((ones(a) / ones(b)).dtype == (quotient.isFloatingPoint ? quotient : .float32), what)
      // Whatever the types, the values are right.
      #expect((ones(a) * ones(b)).floats == [1, 1], what)
      let sum: Float = equals[row][column] == .bool ? 1 : 2
      #expect((ones(a) + ones(b)).floats == [sum, sum], what)
    }
  }

  /// Swift numbers do not promote unless they are of a higher kind; also with scalar tensors.
  @Test(arguments: [[2], []] as [Shape])
  func typesWithNumbers(_ shape: Shape) {
    let withInt: [DType] = [.int64, .uint8, .int32, .int64, .float16, .float32]
    let withFloat: [DType] = [.float32, .float32, .float32, .float32, .float16, .float32]
    for (index, dtype) in types.enumerated() {
      let x = ones(dtype, shape)
      for result in [x + 2, 2 + x, x - 2, 2 - x, x * 2, 2 * x, x % 2, x.raised(to: 2)] {
        #expect(result.dtype == withInt[index], "\(dtype) with an integer")
      }
      #expect(x.floorDivided(by: 2).dtype == withInt[index])
      for result in [
        x + 0.5, 0.5 + x, x - 0.5, 0.5 - x, x * 0.5, 0.5 * x, x / 0.5, 0.5 / x, x % 0.5,
        x.raised(to: 0.5), x.raised(to: 1.5), x / 2, 2 / x, x.floorDivided(by: 0.5),
      ] {
        #expect(result.dtype == withFloat[index], "\(dtype) with a float")
      }
      #expect(`where`(x, x, 2).dtype == withInt[index] && `where`(x, 2, x).dtype == withInt[index])
      #expect(`where`(x, x, 0.5).dtype == withFloat[index])
    }
  }

  @Test func numbersAreUsedAsTheyAre() {
    let bytes = Tensor([3, 250] as [UInt8])
    #expect((bytes - 5).array(of: UInt8.self) == [254, 245])
    #expect((5 - bytes).array(of: UInt8.self) == [2, 11])
    #expect((bytes + 300).array(of: UInt8.self) == [47, 38])
    #expect((-bytes).array(of: UInt8.self) == [253, 6])
    #expect((bytes .== 300).array(of: Bool.self) == [false, false])
    #expect((bytes .> -1).array(of: Bool.self) == [true, true])
    #expect((Tensor([true, false]) * 3).array(of: Int64.self) == [3, 0])
    let large = Tensor([1 << 53 + 1, -(1 << 53) - 1])
    #expect((large + 1).array(of: Int.self) == [1 << 53 + 2, -(1 << 53)])
    #expect((large .== (1 << 53)).array(of: Bool.self) == [false, false])
    // Single precision cannot tell these two apart: a float makes both sides floats.
    #expect((Tensor([16_777_217] as [Int32]) .== 16_777_216).array(of: Bool.self) == [false])
    #expect((Tensor([16_777_217] as [Int32]) .== 16_777_216.0).array(of: Bool.self) == [true])
    // The nearest half to 0.1 is what 0.1 means among halves.
    let tenth = Tensor([0.1]).converted(to: .float16)
    #expect((tenth .== 0.1).array(of: Bool.self) == [true])
    #expect((tenth .== Tensor(Float(0.1))).array(of: Bool.self) == [true])
    #expect((tenth .== Tensor([0.1])).array(of: Bool.self) == [false])
  }
}
