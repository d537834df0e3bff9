import TensorCore
import TestSupport
import Testing

/// A scalar counts as a vector of one element where an axis is named: 0 or -1, as in PyTorch.
@Suite struct ScalarAxisTests {
  private static let operations: [(name: String, apply: @Sendable (Tensor, Int) -> Tensor)] = [
    ("max", { $0.max(axis: $1).values }), ("min", { $0.min(axis: $1).values }),
    ("max, kept", { $0.max(axis: $1, keepingAxis: true).values }),
    ("sort", { $0.sort(axis: $1).values }), ("topK", { $0.topK(1, axis: $1).values }),
    ("squeezed", { $0.squeezed($1) }), ("squeezed axes", { $0.squeezed(axes: [$1]) }),
    ("transposed", { $0.transposed($1, 0) }), ("transposed, last", { $0.transposed(-1, $1) }),
    ("movingAxis", { $0.movingAxis($1, to: 0) }), ("flipped", { $0.flipped(axes: [$1]) }),
    ("gathered", { $0.gathered(at: Tensor(Int64(0)), axis: $1) }),
    ("indexSelected", { $0.indexSelected(Tensor([0] as [Int64]), axis: $1) }),
    ("sum", { $0.sum(axis: $1) }), ("mean", { $0.mean(axis: $1) }),
    ("cumsum", { $0.cumsum(axis: $1) }), ("logSumExp", { $0.logSumExp(axis: $1) }),
    ("norm", { $0.norm(axis: $1) }),
  ]

  @Test(arguments: operations.indices, [0, -1])
  func scalarHasOneAxis(_ index: Int, _ axis: Int) {
    let x = Tensor(Float(1.5))
    x.requiresGrad = true
    let y = Self.operations[index].apply(x, axis)
    #expect(y.shape == [] && y.item() == 1.5, "\(Self.operations[index].name)")
    y.backward()
    #expect(x.grad?.shape == [] && x.grad?.item() == 1, "\(Self.operations[index].name)")
  }

  @Test func indicesOfAScalarAreZero() {
    let x = Tensor(Float(1.5))
    let all = [
      x.max(axis: 0).indices, x.min(axis: -1, keepingAxis: true).indices, x.argmax(axis: 0),
      x.sort().indices, x.argsort(), x.topK(1).indices,
    ]
    for indices in all {
      #expect(indices.shape == [] && indices.dtype == .int64 && indices.item() == 0)
    }
  }

  @Test func softmaxOfAScalarIsOne() {
    #expect(softmax(Tensor(Float(1.5)), axis: 0).item() == 1)
    #expect(logSoftmax(Tensor(Float(1.5))).item() == 0)
  }

  @Test func windowsOfAScalar() {
    let x = Tensor(Float(1.5))
    x.requiresGrad = true
    let y = x.unfolded(axis: 0, size: 1)
    #expect(y.shape == [1] && y.floats == [1.5])
    y.sum().backward()
    #expect(x.grad?.item() == 1)
  }

  @Test func severalIndicesOfAScalar() {
    let x = Tensor(Float(1.5))
    x.requiresGrad = true
    let y = x.gathered(at: Tensor([0, 0, 0] as [Int64]), axis: 0)
    #expect(y.shape == [3] && y.floats == [1.5, 1.5, 1.5])
    y.sum().backward()
    #expect(x.grad?.shape == [] && x.grad?.item() == 3)
  }

  @Test func oneIndexOfAVector() {
    let x = Tensor([1.0, 2.0])
    let y = x.gathered(at: Tensor(Int64(1)), axis: -1)
    #expect(y.shape == [] && y.item() == 2)
    let z = x.scattered(Tensor(Float(5)), at: Tensor(Int64(1)), axis: 0)
    #expect(z.floats == [1, 5])
  }

  @Test func scatteringIntoAScalar() {
    let (x, source) = (Tensor(Float(1.5)), Tensor(Float(4)))
    for tensor in [x, source] { tensor.requiresGrad = true }
    let y = x.scattered(source, at: Tensor(Int64(0)), axis: -1)
    #expect(y.shape == [] && y.item() == 4)
    y.backward()
    #expect(x.grad?.item() == 0 && source.grad?.shape == [] && source.grad?.item() == 1)
    let z = x.scatterAdded(Tensor([2.0, 3.0]), at: Tensor([0, 0] as [Int64]), axis: 0)
    #expect(z.shape == [] && z.item() == 6.5)
  }

  /// PyTorch's results: integers keep their type, and limits lose their fractions.
  @Test(arguments: [DType.uint8, .int32, .int64])
  func hardtanhKeepsIntegers(_ dtype: DType) {
    let x = Tensor([0, 3, 9] as [Int64]).converted(to: dtype)
    let y = hardtanh(x, minimum: 0, maximum: 6.5)
    #expect(y.dtype == dtype && y.array(of: Int64.self) == [0, 3, 6])
  }

  /// As in PyTorch, bytes ask and answer in bytes.
  @Test func truthOfBytesIsOfBytes() {
    let x = Tensor([0, 3, 9, 1] as [UInt8], shape: [2, 2])
    #expect(x.any(axis: 1).dtype == .uint8 && x.any(axis: 1).array(of: UInt8.self) == [1, 1])
    #expect(x.all(axis: 1).dtype == .uint8 && x.all(axis: 1).array(of: UInt8.self) == [0, 1])
    #expect(x.all().dtype == .uint8 && x.converted(to: .int32).any().dtype == .bool)
  }

  @Test func emptyVectorAddsNothing() {
    let x = leaf([1, 2, 3, 4, 5, 6]).reshaped([2, 3])
    let empty = Tensor([] as [Float])
    #expect(cat([empty, x, empty, x], axis: 1).shape == [2, 6])
    #expect(cat([x, empty]).floats == x.floats)
    #expect(cat([empty, empty]).shape == [0])
    #expect(cat([Tensor([] as [Float]), Tensor([1] as [Int64])]).dtype == .float32)
    empty.requiresGrad = true
    cat([empty, x], axis: -1).sum().backward()
    #expect(empty.grad?.shape == [0])
  }

  /// The mask may be larger than the tensor, as in PyTorch.
  @Test func maskedFilledBroadcasts() {
    let x = leaf([1, 2])
    let mask = Tensor([true, false, false, true], shape: [2, 2])
    let y = x.maskedFilled(mask, with: 7)
    #expect(y.shape == [2, 2] && y.floats == [7, 2, 1, 7])
    y.sum().backward()
    #expect(x.grad?.floats == [1, 1])
  }
}

/// Arguments that PyTorch refuses, too.
let argumentMisuses: [Misuse] = [
  .init("max: axis 1 of a tensor of shape [], which has 0 dimensions") {
    _ = zeros([]).max(axis: 1)
  },
  .init("softmax: axis 1 of a tensor of shape []") { _ = softmax(zeros([]), axis: 1) },
  .init("flattened: axis 2 of a tensor of shape []") { _ = zeros([]).flattened(from: 2) },
  .init("sort: axis -2 of a tensor of shape [], which has 0") { _ = zeros([]).sort(axis: -2) },
  .init("topK: 2 elements of a tensor of shape [], which has 1") { _ = zeros([]).topK(2) },
  .init("transposed: axis -2 of a tensor of shape []") { _ = zeros([]).transposed() },
  .init("indexSelected: 2 indices for a tensor of shape []; it takes one") {
    _ = zeros([]).indexSelected(ints(), axis: 0)
  },
  .init("gathered: axis 1 of a tensor of shape []") {
    _ = zeros([]).gathered(at: Tensor(Int64(0)), axis: 1)
  },
  .init("flipped: axis 0 is named twice in [0, -1]") { _ = zeros([]).flipped(axes: [0, -1]) },
  .init("cat: a tensor of shape []; use stack(_:) for scalars") {
    _ = cat([zeros([2]), zeros([])])
  },
  .init("cat: tensor 2 has shape [0, 2], tensor 1 has [2, 3]; they may differ along axis 1 only") {
    _ = cat([zeros([0]), zeros([2, 3]), zeros([0, 2])], axis: 1)
  },
  .init("reshaped: [0] cannot become [0, -1]: beside a size of 0, -1 may be any size; write it out")
  { _ = zeros([0]).reshaped([0, -1]) },
  .init("viewed: [0, 3] cannot become [-1, 0]: beside a size of 0, -1 may be any size") {
    _ = zeros([0, 3]).viewed(as: [-1, 0])
  },
  .init("hardtanh: the minimum 0.5 is above the maximum -0.5") {
    _ = hardtanh(zeros([2]), minimum: 0.5, maximum: -0.5)
  },
  .init("hardtanh: the minimum nan is above the maximum 1.0, or one is not a number") {
    _ = hardtanh(zeros([2]), minimum: .nan)
  },
  .init("hardtanh: a tensor of bool; convert it") { _ = hardtanh(Tensor([true])) },
  .init("hardtanh: a tensor of uint8 cannot hold -1.0") { _ = hardtanh(Tensor([1] as [UInt8])) },
  .init("clamped: there is neither a lower nor an upper limit") {
    _ = zeros([2]).clamped(from: nil as Float?)
  },
  .init("clamped: there is neither a lower nor an upper limit") { ints().clamp(to: nil as Int?) },
  .init("fill: a tensor of uint8 cannot hold 300.0; use another type") {
    Tensor.zeros([2], .uint8).fill(300)
  },
  .init("fill: a tensor of int32 cannot hold nan") { ints().fill(.nan) },
  .init("fill: a tensor of float16 cannot hold 1000000.0") {
    Tensor.zeros([2], .float16).fill(1e6)
  },
  .init("full: a tensor of int64 cannot hold inf") { _ = Tensor.full([2], .infinity, .int64) },
  .init("full: a tensor of uint8 cannot hold -1") { _ = Tensor.full([2], -1, .uint8) },
  .init("maskedFilled: a tensor of int32 cannot hold 3000000000.0") {
    _ = ints().maskedFilled(Tensor([true]), with: 3e9)
  },
  .init("padded: a tensor of int32 cannot hold nan") {
    _ = ints().padded(by: [(1, 1)], with: .nan)
  },
  .init("uniform: the range 0.0...inf is too large") {
    _ = Tensor.uniform([2], in: 0 ... .infinity)
  },
  .init("batchNorm: epsilon 0.0 is not positive") {
    _ = batchNorm(zeros([3, 2]), isTraining: true, epsilon: 0)
  },
  .init("batchNorm: epsilon -1.0 is not positive") {
    _ = batchNorm(zeros([3, 2]), isTraining: true, epsilon: -1)
  },
  .init("batchNorm: epsilon nan is not positive, or not finite") {
    _ = batchNorm(
      zeros([3, 2]), runningMean: zeros([2]), runningVariance: zeros([2]), isTraining: false,
      epsilon: .nan)
  },
  .init("batchNorm: momentum nan is not finite") {
    _ = batchNorm(zeros([3, 2]), isTraining: true, momentum: .nan)
  },
  .init("layerNorm: epsilon nan is not finite") {
    _ = layerNorm(zeros([3, 2]), [2], epsilon: .nan)
  },
  .init("rmsNorm: epsilon nan is not finite") { _ = rmsNorm(zeros([3, 2]), [2], epsilon: .nan) },
  .init("groupNorm: epsilon nan is not finite") {
    _ = groupNorm(zeros([3, 2]), groups: 1, epsilon: .nan)
  },
  .init("groupNorm: the groups of an input of shape [1, 2, 0] hold nothing") {
    _ = groupNorm(zeros([1, 2, 0]), groups: 1)
  },
  .init("groupNorm: the groups of an input of shape [1, 0, 2] hold nothing") {
    _ = groupNorm(zeros([1, 0, 2]), groups: 1)
  },
  .init("dropout: probability nan is not between 0 and 1") {
    _ = dropout(zeros([2]), probability: .nan)
  },
  .init("scaledDotProductAttention: a scale of nan; it must be finite") {
    _ = scaledDotProductAttention(zeros([2, 2]), zeros([2, 2]), zeros([2, 2]), scale: .nan)
  },
]
