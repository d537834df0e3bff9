import TensorCore
import TestSupport

let softmaxFamily = OperationFamily(
  "softmax",
  table: [
    "softmax": .init { softmax($1[0], axis: try $0.axis) },
    "logSoftmax": .init { logSoftmax($1[0], axis: try $0.axis) },
    "layerNorm": .init { example, inputs in
      layerNorm(
        inputs[0], Shape(try example.integers("normalizedShape") ?? []),
        weight: inputs.count > 1 ? inputs[1] : nil, bias: inputs.count > 2 ? inputs[2] : nil,
        epsilon: try example.epsilon)
    },
    "rmsNorm": .init { example, inputs in
      rmsNorm(
        inputs[0], Shape(try example.integers("normalizedShape") ?? []),
        weight: inputs.count > 1 ? inputs[1] : nil, epsilon: try example.epsilon)
    },
    "groupNorm": .init { example, inputs in
      groupNorm(
        inputs[0], groups: try example.integer("groups") ?? 0,
        weight: inputs.count > 1 ? inputs[1] : nil, bias: inputs.count > 2 ? inputs[2] : nil,
        epsilon: try example.epsilon)
    },
    "batchNorm": .several { example, inputs in
      let y = batchNorm(
        inputs[0], weight: inputs[1], bias: inputs[2], runningMean: inputs[3],
        runningVar: inputs[4], isTraining: try example.flag("training"),
        momentum: Float(try example.number("momentum")), epsilon: try example.epsilon)
      return [y, inputs[3], inputs[4]]
    },
  ],
  differentiable: [
    .init("softmax", [[3, 5]]) { softmax($0[0]) },
    .init("softmax over the first axis", [[4, 2, 3]]) { softmax($0[0], axis: 0) },
    .init("logSoftmax over the last axis", [[3, 5]]) { logSoftmax($0[0], axis: 1) },
    .init("logSoftmax over the first axis", [[4, 2, 3]]) { logSoftmax($0[0], axis: 0) },
    .init("layerNorm", [[3, 20], [20], [20]]) {
      layerNorm($0[0], [20], weight: $0[1], bias: $0[2], epsilon: 0.5)
    },
    .init("layerNorm of the last two axes, without weight", [[2, 3, 4]]) {
      layerNorm($0[0], [3, 4], epsilon: 0.5)
    },
    .init("layerNorm with a bias alone", [[3, 8], [8]]) {
      layerNorm($0[0], [8], bias: $0[1], epsilon: 0.5)
    },
    .init("rmsNorm", [[3, 20], [20]]) { rmsNorm($0[0], [20], weight: $0[1], epsilon: 0.5) },
    .init("rmsNorm without weight", [[3, 8]]) { rmsNorm($0[0], [8], epsilon: 0.5) },
    .init("groupNorm", [[2, 6, 5], [6], [6]]) {
      groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2], epsilon: 0.5)
    },
    .init("groupNorm of channels alone", [[3, 6]]) { groupNorm($0[0], groups: 3, epsilon: 0.5) },
    .init("batchNorm in training", [[3, 4, 5], [4], [4]]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2], isTraining: true, epsilon: 0.5)
    },
    .init("batchNorm of rows in training", [[6, 20], [20], [20]]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2], isTraining: true, epsilon: 0.5)
    },
    .init("batchNorm in evaluation", [[2, 3, 2, 2], [3], [3]]) {
      batchNorm(
        $0[0], weight: $0[1], bias: $0[2], runningMean: Tensor([0.5, 0, -1] as [Float]),
        runningVar: Tensor([1, 2, 0.5] as [Float]), isTraining: false)
    },
    .init("dropout", [[7, 20]]) {
      dropout($0[0], probability: 0.25, generator: Generator(seed: 3))
    },
  ],
  misuses: [
    .init("softmax: axis 2 of a tensor of shape [3, 4]") { _ = softmax(zeros([3, 4]), axis: 2) },
    .init("logSoftmax: a tensor of int32") { _ = logSoftmax(ints()) },
    .init("layerNorm: a tensor of int32") { _ = layerNorm(ints(), [2]) },
    .init("layerNorm: the last axes of an input [2, 3] are not the normalised shape [4]") {
      _ = layerNorm(zeros([2, 3]), [4])
    },
    .init("rmsNorm: the last axes of an input [2, 3] are not the normalised shape []") {
      _ = rmsNorm(zeros([2, 3]), [])
    },
    .init("layerNorm: weight [2] for the normalised shape [3]") {
      _ = layerNorm(zeros([2, 3]), [3], weight: zeros([2]))
    },
    .init("layerNorm: bias [1, 3] for the normalised shape [3]") {
      _ = layerNorm(zeros([2, 3]), [3], bias: zeros([1, 3]))
    },
    .init("groupNorm: an input of shape [4]; expected [samples, channels, …]") {
      _ = groupNorm(zeros([4]), groups: 1)
    },
    .init("groupNorm: 4 channels cannot be cut into 3 groups of equal size") {
      _ = groupNorm(zeros([2, 4]), groups: 3)
    },
    .init("groupNorm: weight [2] for 4 channels") {
      _ = groupNorm(zeros([2, 4]), groups: 2, weight: zeros([2]))
    },
    .init("batchNorm: an input of shape [4]; expected [samples, channels, …]") {
      _ = batchNorm(zeros([4]), isTraining: true)
    },
    .init("batchNorm: runningMean [2] for 4 channels") {
      _ = batchNorm(zeros([2, 4]), runningMean: zeros([2]), isTraining: true)
    },
    .init("batchNorm: training needs more than one value per channel; the input is [1, 4]") {
      _ = batchNorm(zeros([1, 4]), isTraining: true)
    },
    .init("batchNorm: evaluation needs runningMean and runningVar") {
      _ = batchNorm(zeros([2, 4]), runningMean: zeros([4]), isTraining: false)
    },
    .init("dropout: probability 1.5 is not between 0 and 1") {
      _ = dropout(zeros([2]), probability: 1.5)
    },
    .init("dropout: a tensor of int32") { _ = dropout(ints()) },
  ])

extension FixtureCase {
  fileprivate var epsilon: Float { get throws { Float(try number("epsilon")) } }
}
