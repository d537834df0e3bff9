import TensorCore
import TestSupport

let reductionFamily = OperationFamily(
  "reductions",
  table: [
    "sum": overAxes { $0.sum(axes: $1, keepingAxes: $2) },
    "mean": overAxes { $0.mean(axes: $1, keepingAxes: $2) },
    "prod": overAxes { $0.prod(axes: $1, keepingAxes: $2) },
    "max": overAxes(.exact) { $0.max(axes: $1, keepingAxes: $2) },
    "min": overAxes(.exact) { $0.min(axes: $1, keepingAxes: $2) },
    "maxOfAll": .init(.exact) { $1[0].max() },
    "minOfAll": .init(.exact) { $1[0].min() },
    "maxAlong": .several(.exact) {
      let (values, indices) = $1[0].max(axis: try $0.axis, keepingAxes: try $0.flag("keep"))
      return [values, indices]
    },
    "minAlong": .several(.exact) {
      let (values, indices) = $1[0].min(axis: try $0.axis, keepingAxes: try $0.flag("keep"))
      return [values, indices]
    },
    "all": overAxes(.exact) { $0.all(axes: $1, keepingAxes: $2) },
    "any": overAxes(.exact) { $0.any(axes: $1, keepingAxes: $2) },
    "logSumExp": overAxes { $0.logSumExp(axes: $1, keepingAxes: $2) },
    "variance": .init {
      $1[0].variance(
        axes: try $0.axes($1[0]), correction: try $0.correction, keepingAxes: try $0.flag("keep"))
    },
    "std": .init {
      $1[0].standardDeviation(
        axes: try $0.axes($1[0]), correction: try $0.correction, keepingAxes: try $0.flag("keep"))
    },
    "norm": .init {
      $1[0].norm(
        Float(try $0.number("p")), axes: try $0.axes($1[0]), keepingAxes: try $0.flag("keep"))
    },
    "argmax": .init(.exact) {
      let (axis, keep) = (try $0.integer("axis"), try $0.flag("keep"))
      return axis.map { [x = $1[0]] in x.argmax(axis: $0, keepingAxes: keep) }
        ?? $1[0].argmax(keepingAxes: keep)
    },
    "argmin": .init(.exact) {
      let (axis, keep) = (try $0.integer("axis"), try $0.flag("keep"))
      return axis.map { [x = $1[0]] in x.argmin(axis: $0, keepingAxes: keep) }
        ?? $1[0].argmin(keepingAxes: keep)
    },
    "cumsum": .init { $1[0].cumsum(axis: try $0.axis) },
  ],
  differentiable: [
    .init("sum", [[3, 4, 2]]) { $0[0].sum() },
    .init("sum of outer and inner axes", [[3, 4, 2]]) { $0[0].sum(axes: [0, 2]) },
    .init("sum of no axes", [[3, 4]]) { $0[0].sum(axes: []) * $0[0] },
    .init("mean of an axis, kept", [[3, 4, 2]]) { $0[0].mean(axis: 1, keepingAxes: true) },
    .init("mean", [[3, 4]]) { $0[0].mean() },
    .init("prod", [[5]]) { $0[0].prod() },
    .init("prod of outer and inner axes", [[3, 2, 2]]) { $0[0].prod(axes: [0, 2]) },
    .init("prod of a transpose", [[3, 4]]) { $0[0].transposed().prod(axis: 0, keepingAxes: true) },
    .init("max of all", [[3, 4]]) { $0[0].max() },
    .init("min along axes", [[3, 4, 2]]) { $0[0].min(axes: [0, 1]) },
    .init("max along an axis, with indices", [[3, 4, 2]]) { $0[0].max(axis: 1).values },
    .init("min along an axis of a transpose", [[3, 4]]) {
      $0[0].transposed().min(axis: -1, keepingAxes: true).values
    },
    .init("variance", [[3, 4]]) { $0[0].variance() },
    .init("variance of outer and inner axes", [[3, 4, 2]]) {
      $0[0].variance(axes: [0, 2], correction: 0, keepingAxes: true)
    },
    .init("standardDeviation along an axis", [[3, 4, 2]]) { $0[0].standardDeviation(axis: 1) },
    .init("1-norm", [[3, 4]], in: 0.5...2) { $0[0].norm(1, axis: 0) },
    .init("2-norm", [[3, 4]]) { $0[0].norm(axis: 1, keepingAxes: true) },
    .init("infinity norm", [[3, 4]]) { $0[0].norm(.infinity) },
    .init("logSumExp", [[3, 4]]) { $0[0].logSumExp() },
    .init("logSumExp along a middle axis", [[3, 4, 2]]) { $0[0].logSumExp(axis: 1) },
    .init("cumsum", [[3, 4, 2]]) { $0[0].cumsum(axis: 1) },
  ],
  misuses: [
    .init("sum: axis 2 of a tensor of shape [3, 4], which has 2 dimensions") {
      _ = zeros([3, 4]).sum(axis: 2)
    },
    .init("sum: axis 0 is named twice in [0, -2]") { _ = zeros([3, 4]).sum(axes: [0, -2]) },
    .init("mean: axis -3 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).mean(axis: -3) },
    .init("mean: axis 1 is named twice in [1, 1]") { _ = zeros([3, 4]).mean(axes: [1, 1]) },
    .init("mean: a tensor of int32; convert it with converted(to: .float32)") {
      _ = ints().mean()
    },
    .init("prod: axis 2 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).prod(axis: 2) },
    .init("all: axis 2 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).all(axis: 2) },
    .init("any: axis 0 is named twice in [0, 0]") { _ = zeros([3, 4]).any(axes: [0, 0]) },
    .init("max: axis 1 of shape [3, 0] is empty, and nothing has no extreme") {
      _ = zeros([3, 0]).max()
    },
    .init("max: axis 0 of shape [0] is empty") { _ = zeros([0]).max(axis: 0) },
    .init("min: axis 0 of shape [0, 2] is empty") { _ = zeros([0, 2]).min(axes: [0]) },
    .init("min: axis 2 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).min(axis: 2) },
    .init("argmax: axis 1 of shape [3, 0] is empty") { _ = zeros([3, 0]).argmax(axis: 1) },
    .init("argmax: axis 0 of shape [0] is empty") { _ = zeros([0]).argmax() },
    .init("argmin: axis 5 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).argmin(axis: 5) },
    .init("variance: a tensor of int32") { _ = ints().variance() },
    .init("variance: axis 1 is named twice") { _ = zeros([3, 4]).variance(axes: [1, 1]) },
    .init("standardDeviation: a tensor of int32") { _ = ints().standardDeviation(axis: 0) },
    .init("standardDeviation: axis 1 of a tensor of shape [3]") {
      _ = zeros([3]).standardDeviation(axis: 1)
    },
    .init("norm: a tensor of int32") { _ = ints().norm() },
    .init("norm: p is nan; it must be a number") { _ = zeros([3]).norm(.nan) },
    .init("norm: axis 0 of shape [0] is empty") { _ = zeros([0]).norm(-1) },
    .init("norm: axis 1 of a tensor of shape [3]") { _ = zeros([3]).norm(axis: 1) },
    .init("logSumExp: axis 1 of a tensor of shape [3]") { _ = zeros([3]).logSumExp(axis: 1) },
    .init("cumsum: axis 1 of a tensor of shape [3]") { _ = zeros([3]).cumsum(axis: 1) },
  ])

private func overAxes(
  _ output: Tolerance = .float32,
  call: @escaping @Sendable (_ x: Tensor, _ axes: [Int], _ keep: Bool) -> Tensor
) -> TableEntry {
  TableEntry(output) { call($1[0], try $0.axes($1[0]), try $0.flag("keep")) }
}

extension FixtureCase {
  fileprivate var correction: Int { get throws { try integer("correction") ?? 1 } }
}
