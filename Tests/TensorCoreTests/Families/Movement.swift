import TensorCore
import TestSupport

let movementFamily = OperationFamily(
  "movement",
  table: [
    "reshape": moved { $1[0].reshaped(Shape(try $0.integers("shape") ?? [])) },
    "expand": moved(lacks: { try $0.integers("shape")?.contains(-1) ?? false }) {
      $1[0].expanded(to: Shape(try $0.integers("shape") ?? []))
    },
    "transpose": moved {
      $1[0].transposed(try $0.integer("axis0") ?? 0, try $0.integer("axis1") ?? 0)
    },
    "permute": moved { $1[0].permuted(try $0.integers("axes") ?? []) },
    "squeeze": moved(lacks: {
      let shape = $0.shape(of: "input0")
      return try $0.integer("axis").map { shape[$0 < 0 ? $0 + shape.count : $0] != 1 } ?? true
    }) { $1[0].squeezed(try $0.axis) },
    "unsqueeze": moved { $1[0].unsqueezed(try $0.axis) },
    "flattened": moved(lacks: { try $0.integer("to") != -1 }) {
      $1[0].flattened(from: try $0.integer("from") ?? 0)
    },
  ],
  missing: [
    "cat", "diagonal", "embedding", "flip", "gather", "indexSelect", "maskedFill", "pad", "repeat",
    "roll", "scatterAdd", "select", "slice", "split", "stack", "tril", "triu", "unfold1d",
  ],
  differentiable: [
    .init("reshaped", [[3, 4]]) { $0[0].reshaped([2, -1]) },
    .init("flattened", [[2, 3, 2]]) { $0[0].flattened(from: 1) },
    .init("transposed", [[2, 3, 2]]) { $0[0].transposed(0, 1) },
    .init("permuted", [[2, 3, 4]]) { $0[0].permuted([2, 0, 1]) },
    .init("expanded", [[3, 1]]) { $0[0].expanded(to: [2, 3, 4]) },
    .init("squeezed", [[3, 1, 2]]) { $0[0].squeezed(1) },
    .init("unsqueezed", [[3, 2]]) { $0[0].unsqueezed(-1) },
  ],
  misuses: [
    .init("reshaped: [3, 4], which holds 12 elements, cannot become [5, -1]") {
      _ = zeros([3, 4]).reshaped([5, -1])
    },
    .init("reshaped: [4], which holds 4 elements, cannot become [-1, -4]") {
      _ = zeros([4]).reshaped([-1, -4])
    },
    .init("flattened: axis 3 of a tensor of shape [3, 4]") {
      _ = zeros([3, 4]).flattened(from: 3)
    },
    .init("transposed: axis -2 of a tensor of shape [3]") { _ = zeros([3]).transposed() },
    .init("permuted: [0, 0] does not name each axis of shape [3, 4] once") {
      _ = zeros([3, 4]).permuted([0, 0])
    },
    .init("expanded: shapes [3, 4] and [3] do not broadcast") {
      _ = zeros([3, 4]).expanded(to: [3])
    },
    .init("expanded: shape [1, 4] does not expand to [3, 1]") {
      _ = zeros([1, 4]).expanded(to: [3, 1])
    },
    .init("expanded: shape [1] does not expand to [-2]") { _ = zeros([1]).expanded(to: [-2]) },
    .init("squeezed: axis 1 of shape [3, 4] has not size 1") { _ = zeros([3, 4]).squeezed(1) },
    .init("unsqueezed: no position 4 in a tensor of shape [3, 4]") {
      _ = zeros([3, 4]).unsqueezed(4)
    },
  ])

private func moved(
  lacks: (@Sendable (FixtureCase) throws -> Bool)? = nil, call: @escaping TableEntry.Call
) -> TableEntry {
  TableEntry(.exact, gradients: .float32, lacks: lacks, call: call)
}
