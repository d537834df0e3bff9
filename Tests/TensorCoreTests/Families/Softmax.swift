import TensorCore
import TestSupport

let softmaxFamily = OperationFamily(
  "softmax",
  table: [
    "softmax": .init { softmax($1[0], axis: try $0.axis) },
    "logSoftmax": .init { logSoftmax($1[0], axis: try $0.axis) },
  ],
  missing: ["batchNorm", "groupNorm", "layerNorm", "rmsNorm"],
  differentiable: [
    .init("softmax", [[3, 5]]) { softmax($0[0]) },
    .init("softmax over the first axis", [[4, 2, 3]]) { softmax($0[0], axis: 0) },
    .init("logSoftmax over the last axis", [[3, 5]]) { logSoftmax($0[0], axis: 1) },
  ],
  misuses: [
    .init("softmax: axis 2 of a tensor of shape [3, 4]") { _ = softmax(zeros([3, 4]), axis: 2) },
    .init("logSoftmax: a tensor of int32") { _ = logSoftmax(ints()) },
  ])
