import TensorCore
import TestSupport

let sortingFamily = OperationFamily(
  "sorting",
  table: [
    "sort": .several(.exact) {
      let (values, indices) = $1[0].sorted(axis: try $0.axis, descending: try $0.flag("descending"))
      return [values, indices]
    },
    "argsort": .init(.exact) {
      $1[0].argsort(axis: try $0.axis, descending: try $0.flag("descending"))
    },
    "topK": .several(.exact) {
      let (values, indices) = $1[0].topK(
        try $0.integer("k") ?? 0, axis: try $0.axis, largest: try $0.flag("largest"))
      return [values, indices]
    },
  ],
  differentiable: [
    .init("sort", [[3, 5]]) { apart($0[0]).sorted().values },
    .init("sort along the first axis, descending", [[5, 3]]) {
      apart($0[0]).sorted(axis: 0, descending: true).values
    },
    .init("topK", [[2, 7]]) { apart($0[0]).topK(3).values },
    .init("smallest along a middle axis", [[2, 5, 2]]) {
      apart($0[0]).topK(2, axis: 1, largest: false).values
    },
  ],
  misuses: [
    .init("sorted: axis 2 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).sorted(axis: 2) },
    .init("argsort: axis 1 of a tensor of shape []") { _ = zeros([]).argsort(axis: 1) },
    .init("topK: axis 2 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).topK(1, axis: 2) },
    .init("topK: 5 elements of axis 1 of shape [3, 4], which has 4") {
      _ = zeros([3, 4]).topK(5)
    },
    .init("topK: -1 elements of axis 0 of shape [3, 4], which has 3") {
      _ = zeros([3, 4]).topK(-1, axis: 0)
    },
  ])

/// `x`, of values in -2 ... 2, with its elements moved so far apart that small steps change no
/// order.
private func apart(_ x: Tensor) -> Tensor {
  let count = x.count
  return x + Tensor((0..<count).map { Float($0 * 11 % count * 8) }, shape: x.shape)
}
