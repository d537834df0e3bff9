import TensorCore
import TestSupport

let lossFamily = OperationFamily(
  "losses",
  table: [
    "crossEntropy": .init { example, inputs in
      crossEntropy(
        inputs[0], inputs[1], weight: inputs.count > 2 ? inputs[2] : nil,
        ignoreIndex: try example.integer("ignoreIndex") ?? 0,
        labelSmoothing: Float(try example.number("labelSmoothing")),
        reduction: try example.reduction)
    },
    "crossEntropyProbabilities": .init { example, inputs in
      crossEntropy(
        inputs[0], inputs[1], weight: inputs.count > 2 ? inputs[2] : nil,
        labelSmoothing: Float(try example.number("labelSmoothing")),
        reduction: try example.reduction)
    },
    "nllLoss": .init { example, inputs in
      nllLoss(
        inputs[0], inputs[1], weight: inputs.count > 2 ? inputs[2] : nil,
        ignoreIndex: try example.integer("ignoreIndex") ?? 0, reduction: try example.reduction)
    },
    "mseLoss": .init { mseLoss($1[0], $1[1], reduction: try $0.reduction) },
    "l1Loss": .init { l1Loss($1[0], $1[1], reduction: try $0.reduction) },
    "smoothL1Loss": .init {
      smoothL1Loss(
        $1[0], $1[1], beta: Float(try $0.number("beta")), reduction: try $0.reduction)
    },
    "huberLoss": .init {
      huberLoss($1[0], $1[1], delta: Float(try $0.number("delta")), reduction: try $0.reduction)
    },
    "binaryCrossEntropy": .init {
      binaryCrossEntropy(
        $1[0], $1[1], weight: $1.count > 2 ? $1[2] : nil, reduction: try $0.reduction)
    },
    "binaryCrossEntropyWithLogits": .init {
      binaryCrossEntropyWithLogits(
        $1[0], $1[1], posWeight: $1.count > 2 ? $1[2] : nil, reduction: try $0.reduction)
    },
    "klDivergence": .init {
      klDivergence(
        $1[0], $1[1], logTarget: try $0.flag("logTarget"), reduction: try $0.reduction)
    },
  ],
  differentiable: [
    .init("crossEntropy", [[4, 5]]) { crossEntropy($0[0], Tensor([0, 4, 2, 2] as [Int32])) },
    .init("crossEntropy of each sample", [[4, 5]]) {
      crossEntropy($0[0], Tensor([0, 4, 2, 2] as [Int64]), reduction: .none)
    },
    .init("crossEntropy, weighted, smoothed, ignoring", [[4, 5]]) {
      crossEntropy(
        $0[0], Tensor([0, 4, 2, 2] as [Int64]), weight: Tensor([1, 0.5, 3, 0, 2] as [Float]),
        ignoreIndex: 4,
        labelSmoothing: 0.25)
    },
    .init("crossEntropy of positions", [[2, 5, 3]]) {
      crossEntropy(
        $0[0], Tensor([[0, 4, 2], [2, 1, 3]].flatMap { $0 } as [Int64], shape: [2, 3]),
        labelSmoothing: 0.25, reduction: .none)
    },
    .init("crossEntropy of probabilities", [[4, 20], [4, 20]]) {
      crossEntropy($0[0], $0[1], labelSmoothing: 0.25)
    },
    .init("nllLoss", [[2, 5, 3]]) {
      nllLoss(
        $0[0], Tensor([0, 4, 2, 2, 1, 3] as [Int64], shape: [2, 3]),
        weight: Tensor([1, 0.5, 3, 0, 2] as [Float]), ignoreIndex: 1)
    },
    .init("mseLoss", [[3, 4], [3, 4]]) { mseLoss($0[0], $0[1]) },
    .init("mseLoss, expanded", [[3, 4], [4]]) {
      mseLoss($0[0], $0[1].expanded(to: [3, 4]), reduction: .none)
    },
    .init("l1Loss", [[3, 4]]) { l1Loss($0[0], .full([3, 4], 3)) },
    .init("smoothL1Loss beyond beta", [[3, 4]]) {
      smoothL1Loss($0[0], .full([3, 4], 4), beta: 1.5)
    },
    .init("smoothL1Loss within beta", [[3, 4], [3, 4]]) { smoothL1Loss($0[0], $0[1], beta: 5) },
    .init("huberLoss beyond delta", [[3, 4]]) { huberLoss($0[0], .full([3, 4], 4), delta: 1.5) },
    .init("huberLoss within delta", [[3, 4], [3, 4]]) { huberLoss($0[0], $0[1], delta: 5) },
    .init("binaryCrossEntropy", [[20], [20]], in: 0.4375...0.5625) {
      binaryCrossEntropy($0[0], $0[1], reduction: .none)
    },
    .init("binaryCrossEntropy, weighted", [[20]], in: 0.4375...0.5625) {
      binaryCrossEntropy($0[0], .full([20], 0.25), weight: .full([1], 3))
    },
    .init("binaryCrossEntropyWithLogits", [[20], [20]]) {
      binaryCrossEntropyWithLogits($0[0], $0[1])
    },
    .init("binaryCrossEntropyWithLogits, weighted", [[4, 5], [4, 5]]) {
      binaryCrossEntropyWithLogits(
        $0[0], $0[1], posWeight: Tensor([1, 0.5, 3, 0, 2] as [Float]))
    },
    .init("klDivergence", [[4, 5], [4, 5]], in: 0.5...2) {
      klDivergence($0[0], $0[1], reduction: .batchMean)
    },
    .init("klDivergence of logarithms", [[4, 5], [4, 5]]) {
      klDivergence($0[0], $0[1], logTarget: true, reduction: .sum)
    },
  ],
  misuses: [
    .init("crossEntropy: input [2, 3] and targets [3]: expected [samples, classes] and [samples]") {
      _ = crossEntropy(zeros([2, 3]), Tensor([0, 1, 2] as [Int64]))
    },
    .init("crossEntropy: logits [2, 3] and targets [2] of type float32") {
      _ = crossEntropy(zeros([2, 3]), zeros([2]))
    },
    .init("crossEntropy: a tensor of int32") { _ = crossEntropy(ints(), ints()) },
    .init("crossEntropy: label smoothing 1.5 is not between 0 and 1") {
      _ = crossEntropy(zeros([2, 3]), ints(), labelSmoothing: 1.5)
    },
    .init("crossEntropy: label smoothing nan is not between 0 and 1") {
      _ = crossEntropy(zeros([2, 3]), ints(), labelSmoothing: .nan)
    },
    .init("crossEntropy: ignoreIndex 1 beside probabilities of classes, none of which is an index")
    {
      _ = crossEntropy(zeros([2, 3]), zeros([2, 3]), ignoreIndex: 1)
    },
    .init("crossEntropy: weight [2] for 3 classes") {
      _ = crossEntropy(zeros([2, 3]), ints(), weight: zeros([2]))
    },
    .init("crossEntropy: weight [3, 1] for 3 classes") {
      _ = crossEntropy(zeros([2, 3]), zeros([2, 3]), weight: zeros([3, 1]))
    },
    .init("crossEntropy: target 3 at index 1 is outside 0 ..< 3") {
      _ = crossEntropy(zeros([2, 3]), Tensor([0, 3] as [Int64]))
    },
    .init("crossEntropy: target -1 at index 0 is outside 0 ..< 3") {
      _ = crossEntropy(zeros([1, 3]), Tensor([-1] as [Int32]))
    },
    .init("crossEntropy: target 4294967296 at index 0 is outside 0 ..< 3") {
      _ = crossEntropy(zeros([1, 3]), Tensor([1 << 32] as [Int64]))
    },
    .init("nllLoss: target 3 at index 1 is outside 0 ..< 3") {
      _ = nllLoss(zeros([2, 3]), Tensor([0, 3] as [Int64]))
    },
    .init("nllLoss: input [2, 3, 4] and targets [2]: expected [samples, classes]") {
      _ = nllLoss(zeros([2, 3, 4]), ints())
    },
    .init("nllLoss: targets of type float32; expected class indices") {
      _ = nllLoss(zeros([2, 3]), zeros([2]))
    },
    .init("l1Loss: a tensor of int32") { _ = l1Loss(zeros([2]), ints()) },
    .init("smoothL1Loss: beta -1.0 is negative") {
      _ = smoothL1Loss(zeros([2]), zeros([2]), beta: -1)
    },
    .init("huberLoss: delta 0.0 is not positive") {
      _ = huberLoss(zeros([2]), zeros([2]), delta: 0)
    },
    .init("binaryCrossEntropy: an input is not a probability between 0 and 1") {
      _ = binaryCrossEntropy(Tensor([0.5, 1.25] as [Float]), zeros([2]))
    },
  ] + pairMisuses)

extension FixtureCase {
  var reduction: LossReduction {
    get throws {
      switch try text("reduction") {
      case "mean": .mean
      case "sum": .sum
      case "none": .none
      case "batchMean": .batchMean
      case let other: throw FixtureError(description: "\(path): no reduction \(other)")
      }
    }
  }
}
