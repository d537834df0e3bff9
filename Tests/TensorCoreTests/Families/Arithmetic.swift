import TensorCore
import TestSupport

let arithmeticFamily = OperationFamily(
  "arithmetic",
  table: [
    "add": .init(.exact, lacks: \.takesIntegers) { $1[0] + $1[1] },
    "subtract": .init(.exact, lacks: \.takesIntegers) { $1[0] - $1[1] },
    "multiply": .init(.exact, lacks: \.takesIntegers) { $1[0] * $1[1] },
    "divide": .init(.exact, lacks: \.takesIntegers) { $1[0] / $1[1] },
    "addScalar": .init(.exact, lacks: \.takesIntegers) { $1[0] + (try $0.scalar) },
    "subtractScalar": .init(.exact) { $1[0] - (try $0.scalar) },
    "multiplyScalar": .init(.exact, lacks: \.takesIntegers) { $1[0] * (try $0.scalar) },
    "divideScalar": .init(.exact) { $1[0] / (try $0.scalar) },
    "scalarSubtract": .init(.exact) { (try $0.scalar) - $1[0] },
    "scalarDivide": .init(.exact) { (try $0.scalar) / $1[0] },
  ],
  missing: ["floorDivide", "maximum", "minimum", "power", "powerScalar", "remainder"],
  differentiable: [
    .init("add", [[3, 4], [4]]) { $0[0] + $0[1] },
    .init("subtract", [[3, 1], [2, 1, 4]]) { $0[0] - $0[1] },
    .init("multiply", [[2, 1, 4], [3, 1]]) { $0[0] * $0[1] },
    .init("divide", [[3, 4], [3, 1]], in: 0.75...2) { $0[0] / $0[1] },
    .init("add a scalar", [[5]]) { 1.5 + ($0[0] + 2) },
    .init("subtract a scalar", [[5]]) { ($0[0] - 2) * (3 - $0[0]) },
    .init("multiply by a scalar", [[5]]) { 0.5 * $0[0] * -3 },
    .init("divide by a scalar", [[5]], in: 0.75...2) { $0[0] / 4 + 2 / $0[0] },
  ],
  misuses: [
    .init("add: shapes [3, 4] and [3] do not broadcast: sizes 4 and 3 differ") {
      _ = zeros([3, 4]) + zeros([3])
    },
    .init("subtract: shapes [2] and [3] do not") { _ = zeros([2]) - zeros([3]) },
    .init("multiply: shapes [2] and [3] do not") { _ = zeros([2]) * zeros([3]) },
    .init("divide: shapes [2] and [3] do not") { _ = zeros([2]) / zeros([3]) },
    .init("divide in place: a tensor of int32 cannot hold a fraction") { ints() /= ints() },
  ])
