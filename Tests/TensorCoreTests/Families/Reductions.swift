import TensorCore
import TestSupport

let reductionFamily = OperationFamily(
  "reductions",
  table: [
    "sum": .init(lacks: \.takesIntegers) {
      $1[0].sum(axes: try $0.axes($1[0]), keepingAxes: try $0.flag("keep"))
    },
    "mean": .init {
      $1[0].mean(axes: try $0.axes($1[0]), keepingAxes: try $0.flag("keep"))
    },
    "argmax": .init(lacks: lacksAxis) { $1[0].argmax(axis: try $0.axis) },
    "argmin": .init(lacks: lacksAxis) { $1[0].argmin(axis: try $0.axis) },
  ],
  missing: ["all", "any", "cumsum", "logSumExp", "max", "min", "norm", "prod", "std", "variance"],
  differentiable: [
    .init("sum", [[3, 4, 2]]) { $0[0].sum() },
    .init("sum of outer and inner axes", [[3, 4, 2]]) { $0[0].sum(axes: [0, 2]) },
    .init("mean of an axis, kept", [[3, 4, 2]]) { $0[0].mean(axis: 1, keepingAxis: true) },
  ],
  misuses: [
    .init("sum: a tensor of int32") { _ = ints().sum() },
    .init("sum: axis 2 of a tensor of shape [3, 4], which has 2 dimensions") {
      _ = zeros([3, 4]).sum(axis: 2)
    },
    .init("sum: axis 0 is named twice in [0, -2]") { _ = zeros([3, 4]).sum(axes: [0, -2]) },
    .init("mean: axis -3 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).mean(axis: -3) },
    .init("argmax: axis 1 of shape [3, 0] is empty") { _ = zeros([3, 0]).argmax(axis: 1) },
    .init("argmin: axis 5 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).argmin(axis: 5) },
  ])

@Sendable private func lacksAxis(_ example: FixtureCase) throws -> Bool {
  try example.takesIntegers || example.flag("keep") || example.integer("axis") == nil
}
