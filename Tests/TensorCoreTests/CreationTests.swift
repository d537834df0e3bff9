import Elements
import TensorCore
import TestSupport
import Testing

@Suite struct CreationTests {
  @Test(arguments: DType.allCases)
  func constants(_ dtype: DType) {
    for (tensor, value) in [
      (Tensor.zeros([2, 3], dtype), Float(0)), (.ones([2, 3], dtype), 1),
      (.full([2, 3], 1.0, dtype), 1), (.full([2, 3], 1, dtype), 1),
    ] {
      #expect(tensor.dtype == dtype && tensor.shape == [2, 3])
      #expect(tensor.floats == Array(repeating: value, count: 6))
    }
    #expect(Tensor.zeros([0, 3], dtype).floats == [] && Tensor.ones([], dtype).item() == 1)
    let eye = Tensor.eye(2, columns: 3, dtype)
    #expect(eye.dtype == dtype && eye.shape == [2, 3] && eye.floats == [1, 0, 0, 0, 1, 0])
  }

  @Test func integersAreExact() {
    #expect(Tensor.full([1], 1 << 53 + 1, .int64).array(of: Int.self) == [1 << 53 + 1])
    #expect(Tensor.full([1], -1, .int32).item() == -1)
    #expect(Tensor.full([1], 2.75, .int32).item() == 2)
  }

  @Test func eye() {
    #expect(Tensor.eye(0).shape == [0, 0])
    #expect(Tensor.eye(3, columns: 1).floats == [1, 0, 0])
    #expect(Tensor.eye(3).floats == [1, 0, 0, 0, 1, 0, 0, 0, 1])
  }

  @Test func sequences() {
    #expect(Tensor.arange(4).array(of: Int64.self) == [0, 1, 2, 3])
    #expect(Tensor.arange(4).dtype == .int64 && Tensor.arange(0).shape == [0])
    #expect(Tensor.arange(-2..<1).array(of: Int.self) == [-2, -1, 0])
    #expect(Tensor.arange(from: 5, to: 0, by: -2).array(of: Int.self) == [5, 3, 1])
    #expect(Tensor.arange(from: 5, to: 5, by: -2).shape == [0])
    #expect(Tensor.arange(from: 0, to: 6, by: 3).dtype == .int64)
    let tenths = Tensor.arange(from: 0, to: 1, by: 0.1)
    #expect(tenths.dtype == .float32 && tenths.count == 10 && tenths.floats[3] == 0.3)
    #expect(Tensor.arange(from: 1, to: 0, by: -0.25).floats == [1, 0.75, 0.5, 0.25])
    #expect(Tensor.arange(from: 1, to: 1, by: 0.5).shape == [0])
  }

  /// PyTorch's numbers of elements for 100 ends each: k steps to k / 10 and to k / 100 but for the
  /// ends that are listed, which take one more. Floats would decide a third of them otherwise.
  @Test func lengthsAreDecidedInDouble() {
    for (parts, longer) in [(10.0, []), (100, [7, 14, 28, 56])] as [(Double, Set<Int>)] {
      for k in 1...100 {
        let count = longer.contains(k) ? k + 1 : k
        let (end, step) = (Double(k) / parts, 1 / parts)
        #expect(Tensor.arange(from: 0, to: end, by: step).count == count, "to \(end)")
        #expect(Tensor.arange(from: end, to: 0, by: -step).count == count, "from \(end)")
      }
    }
    #expect(Tensor.arange(from: 0, to: 0.3, by: 0.1).floats == [0, 0.1, 0.2])
    #expect(Tensor.arange(from: 0, to: 2.1, by: 0.7).count == 4)
    #expect(Tensor.arange(from: Float(1), to: 0, by: -0.25).floats == [1, 0.75, 0.5, 0.25])
  }

  @Test func linspace() {
    #expect(Tensor.linspace(from: -1, to: 1, count: 5).floats == [-1, -0.5, 0, 0.5, 1])
    #expect(Tensor.linspace(from: 3, to: 7, count: 1).floats == [3])
    #expect(Tensor.linspace(from: 3, to: 7, count: 0).shape == [0])
    let fine = Tensor.linspace(from: 0.1, to: 0.7, count: 1001).floats
    #expect(fine.first == 0.1 && fine.last == 0.7)
    #expect(zip(fine, fine.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func literals() {
    #expect(Tensor([1, 2]).dtype == .int64 && Tensor(7).dtype == .int64 && Tensor(7).shape == [])
    #expect(Tensor([1.5, 2]).dtype == .float32 && Tensor(0.5).dtype == .float32)
    #expect(Tensor([[1, 2], [3, 4]]).array(of: Int.self) == [1, 2, 3, 4])
    #expect(Tensor([[0.5, 2], [3, 4]]).shape == [2, 2])
    let cube = Tensor([[[1, 2, 3], [4, 5, 6]]] as [[[Float]]])
    #expect(cube.shape == [1, 2, 3] && cube.floats == [1, 2, 3, 4, 5, 6])
    #expect(Tensor([[[0.5], [1]], [[2], [3]]]).shape == [2, 2, 1])
    #expect(Tensor([[[]]] as [[[Float]]]).shape == [1, 1, 0])
    #expect(Tensor([true, false]).dtype == .bool && Tensor([1, 2] as [UInt8]).dtype == .uint8)
    #expect(Tensor([0.5, 1, 1.5, 2], shape: [2, 2]).floats == [0.5, 1, 1.5, 2])
    #expect(Tensor([1, 2] as [Float16]).dtype == .float16)
  }

  @Test func bernoulli() {
    let generator = Generator(seed: 3)
    let mask = Tensor.bernoulli([100_000], probability: 0.3, generator: generator).floats
    #expect(mask.allSatisfy { $0 == 0 || $0 == 1 })
    // Five standard errors.
    #expect(abs(mask.reduce(0, +) - 30_000) < 5 * (100_000 * 0.21 as Float).squareRoot())
    #expect(Tensor.bernoulli([9], probability: 0).floats.allSatisfy { $0 == 0 })
    #expect(Tensor.bernoulli([9], probability: 1).floats.allSatisfy { $0 == 1 })
  }

  @Test func permutation() {
    let generator = Generator(seed: 4)
    for count in [0, 1, 2, 100] {
      let values = Tensor.permutation(count, generator: generator).array(of: Int.self)
      #expect(values.sorted() == Array(0..<count))
    }
    // All 24 orders of four are equally likely: 24,000 draws, five standard errors.
    var counts: [[Int]: Int] = [:]
    for _ in 0..<24_000 {
      counts[Tensor.permutation(4, generator: generator).array(of: Int.self), default: 0] += 1
    }
    #expect(counts.count == 24)
    #expect(counts.values.allSatisfy { abs(Double($0) - 1000) < 5 * 1000.0.squareRoot() })
  }
}

let creationMisuses: [Misuse] = [
  .init("zeros: shape [2, -1]: a size is negative; sizes are 0 or more") {
    _ = Tensor.zeros([2, -1])
  },
  .init("ones: shape [-3, -1]: a size is negative") { _ = Tensor.ones([-3, -1], .int64) },
  .init("full: shape [-1]: a size is negative") { _ = Tensor.full([-1], 2.5) },
  .init("full: shape [-1]: a size is negative") { _ = Tensor.full([-1], 2, .int32) },
  .init("Tensor: shape [-2, -1]: a size is negative") {
    _ = Tensor([1, 2] as [Float], shape: [-2, -1])
  },
  .init("uniform: shape [-1]: a size is negative") { _ = Tensor.uniform([-1]) },
  .init("normal: shape [-1]: a size is negative") { _ = Tensor.normal([-1]) },
  .init("randomIntegers: shape [-1]: a size is negative") {
    _ = Tensor.randomIntegers([-1], in: 0..<2)
  },
  .init("bernoulli: shape [-1]: a size is negative") {
    _ = Tensor.bernoulli([-1], probability: 0.5)
  },
  .init("bernoulli: probability 1.5 is not between 0 and 1") {
    _ = Tensor.bernoulli([1], probability: 1.5)
  },
  .init("bernoulli: probability nan is not between 0 and 1") {
    _ = Tensor.bernoulli([1], probability: .nan)
  },
  .init("permutation: of -1 integers") { _ = Tensor.permutation(-1) },
  .init("zeros: a tensor of shape [4294967296, 4294967296] is larger than any memory") {
    _ = Tensor.zeros([1 << 32, 1 << 32])
  },
  .init("eye: -1 rows and -1 columns") { _ = Tensor.eye(-1) },
  .init("arange: -1 integers") { _ = Tensor.arange(-1) },
  .init("arange: the step is 0") { _ = Tensor.arange(from: 0, to: 5, by: 0) },
  .init("arange: the step is 0") { _ = Tensor.arange(from: 0, to: 0.5, by: 0) },
  .init("arange: steps of -2 lead from 0 away from 5; use the other sign") {
    _ = Tensor.arange(from: 0, to: 5, by: -2)
  },
  .init("arange: steps of 0.5 lead from 1.0 away from 0.0; use the other sign") {
    _ = Tensor.arange(from: 1, to: 0, by: 0.5)
  },
  .init("arange: from nan to 1.0 by 1.0 is no finite sequence") {
    _ = Tensor.arange(from: .nan, to: 1, by: 1)
  },
  .init("arange: from 0.0 to inf by 1.0 is no finite sequence") {
    _ = Tensor.arange(from: 0, to: .infinity, by: 1)
  },
  .init("linspace: -1 values") { _ = Tensor.linspace(from: 0, to: 1, count: -1) },
  .init("Tensor: matrix 1 has 1 rows, matrix 0 has 2") { _ = Tensor([[[1], [2]], [[3]]]) },
  .init("Tensor: row 1 of matrix 0 has 1 values, the first row of matrix 0 has 2") {
    _ = Tensor([[[1, 2], [3]]])
  },
]
