import TensorCore
import TestSupport

let arithmeticFamily = OperationFamily(
  "arithmetic",
  table: [
    "add": .init(.exact) { $1[0] + $1[1] },
    "subtract": .init(.exact) { $1[0] - $1[1] },
    "multiply": .init(.exact) { $1[0] * $1[1] },
    "divide": .init(.exact) { $1[0] / $1[1] },
    "floorDivide": .init(.exact) { $1[0].floorDivided(by: $1[1]) },
    "remainder": .init(.exact) { $1[0] % $1[1] },
    "power": .init { $1[0].raised(to: $1[1]) },
    "maximum": .init(.exact) { Tensor.maximum($1[0], $1[1]) },
    "minimum": .init(.exact) { Tensor.minimum($1[0], $1[1]) },
    "addScalar": .init(.exact) {
      $0.takesIntegers ? $1[0] + (try $0.wholeScalar) : $1[0] + (try $0.scalar)
    },
    "subtractScalar": .init(.exact) { $1[0] - (try $0.scalar) },
    "multiplyScalar": .init(.exact) {
      $0.takesIntegers ? $1[0] * (try $0.wholeScalar) : $1[0] * (try $0.scalar)
    },
    "divideScalar": .init(.exact) { $1[0] / (try $0.scalar) },
    "scalarSubtract": .init(.exact) { (try $0.scalar) - $1[0] },
    "scalarDivide": .init(.exact) { (try $0.scalar) / $1[0] },
    "powerScalar": .init { $1[0].raised(to: try $0.scalar) },
  ],
  differentiable: [
    .init("add", [[3, 4], [4]]) { $0[0] + $0[1] },
    .init("subtract", [[3, 1], [2, 1, 4]]) { $0[0] - $0[1] },
    .init("multiply", [[2, 1, 4], [3, 1]]) { $0[0] * $0[1] },
    .init("divide", [[3, 4], [3, 1]], in: 0.75...2) { $0[0] / $0[1] },
    .init("add a scalar", [[5]]) { 1.5 + ($0[0] + 2) },
    .init("subtract a scalar", [[5]]) { ($0[0] - 2) * (3 - $0[0]) },
    .init("multiply by a scalar", [[5]]) { 0.5 * $0[0] * -3 },
    .init("divide by a scalar", [[5]], in: 0.75...2) { $0[0] / 4 + 2 / $0[0] },
    .init("remainder", [[5], [3, 1]], in: 1.25...1.75) {
      ($0[0] * 0.125 + 4) % ($0[1] * 0.125 + 1.3125)
    },
    .init("remainder of a scalar", [[7]], in: 0.125...0.875) { ($0[0] - 2) % 3 + $0[0] % 1.5 },
    .init("raised to a tensor", [[3, 4], [4]], in: 0.75...2) { $0[0].raised(to: $0[1]) },
    .init("raised to 3", [[5]]) { $0[0].raised(to: 3) },
    .init("raised to -1.5", [[5]], in: 0.75...2) { $0[0].raised(to: -1.5) },
    .init("raised to 2, 1/2 and 0", [[5]], in: 0.75...2) {
      $0[0].raised(to: 2) + $0[0].raised(to: 0.5) * $0[0].raised(to: 0)
    },
    .init("maximum", [[5], [3, 1]]) { Tensor.maximum($0[0], $0[1] * 0.0625 + 4) * $0[1] },
    .init("minimum", [[5], [3, 1]]) { Tensor.minimum($0[0] * 0.25, $0[1] + 4) * $0[1] },
  ],
  misuses: [
    .init("add: shapes [3, 4] and [3] do not broadcast: sizes 4 and 3 differ") {
      _ = zeros([3, 4]) + zeros([3])
    },
    .init("subtract: shapes [2] and [3] do not") { _ = zeros([2]) - zeros([3]) },
    .init("multiply: shapes [2] and [3] do not") { _ = zeros([2]) * zeros([3]) },
    .init("divide: shapes [2] and [3] do not") { _ = zeros([2]) / zeros([3]) },
    .init("remainder: shapes [2] and [3] do not") { _ = zeros([2]) % zeros([3]) },
    .init("floorDivide: shapes [2] and [3] do not") {
      _ = zeros([2]).floorDivided(by: zeros([3]))
    },
    .init("power: shapes [2] and [3] do not") { _ = zeros([2]).raised(to: zeros([3])) },
    .init("maximum: shapes [2] and [3] do not") { _ = Tensor.maximum(zeros([2]), zeros([3])) },
    .init("minimum: shapes [2] and [3] do not") { _ = Tensor.minimum(zeros([2]), zeros([3])) },
    .init("remainder: an integer divided by 0") { _ = ints() % 0 },
    .init("floorDivide: an integer divided by 0") { _ = ints().floorDivided(by: 0) },
    .init("power: an integer to the negative power -1; use a float base") {
      _ = ints().raised(to: -1)
    },
    .init("subtract: both tensors are bool; use .!= or convert them to an integer type") {
      _ = Tensor([true]) - Tensor([false])
    },
    .init("negate: a tensor of bool; use .! or convert it") { _ = -Tensor([true]) },
  ])

extension FixtureCase {
  fileprivate var wholeScalar: Int { get throws { try integer("scalar") ?? 0 } }
}
