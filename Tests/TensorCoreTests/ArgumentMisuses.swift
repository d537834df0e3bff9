import TensorCore
import TestSupport

/// Arguments that PyTorch refuses, too.
let argumentMisuses: [Misuse] = [
  .init("max: axis 1 of a tensor of shape [], which has 0 dimensions") {
    _ = zeros([]).max(axis: 1)
  },
  .init("softmax: axis 1 of a tensor of shape []") { _ = softmax(zeros([]), axis: 1) },
  .init("flattened: axis 2 of a tensor of shape []") { _ = zeros([]).flattened(from: 2) },
  .init("sorted: axis -2 of a tensor of shape [], which has 0") { _ = zeros([]).sorted(axis: -2) },
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
      zeros([3, 2]), runningMean: zeros([2]), runningVar: zeros([2]), isTraining: false,
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
