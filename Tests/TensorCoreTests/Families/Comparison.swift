import TensorCore
import TestSupport

let comparisonFamily = OperationFamily(
  "comparison",
  table: [
    "equal": .init { $1[0] .== $1[1] },
    "notEqual": .init { $1[0] .!= $1[1] },
    "less": .init { $1[0] .< $1[1] },
    "lessEqual": .init { $1[0] .<= $1[1] },
    "greater": .init { $1[0] .> $1[1] },
    "greaterEqual": .init { $1[0] .>= $1[1] },
    "logicalAnd": .init { $1[0] .& $1[1] },
    "logicalOr": .init { $1[0] .| $1[1] },
    "logicalNot": .init { .!$1[0] },
    "isNaN": .init { $1[0].isNaN() },
    "where": .init(.exact) { `where`($1[0], $1[1], $1[2]) },
  ],
  differentiable: [
    .init("where", [[3, 4], [4]]) { `where`(Tensor([true, false, true, false]), $0[0], $0[1]) },
    .init("where with a scalar", [[3, 4]]) {
      let isLarge = Tensor([true, false, true, true])
      return `where`(isLarge, $0[0], 2) * `where`(isLarge, 0.5, $0[0])
    },
  ],
  misuses: [
    .init("equal: shapes [2] and [3] do not") { _ = zeros([2]) .== zeros([3]) },
    .init("notEqual: shapes [2] and [3] do not") { _ = zeros([2]) .!= zeros([3]) },
    .init("less: shapes [2] and [3] do not") { _ = zeros([2]) .< zeros([3]) },
    .init("lessEqual: shapes [2] and [3] do not") { _ = zeros([2]) .<= zeros([3]) },
    .init("greater: shapes [2] and [3] do not") { _ = zeros([2]) .> zeros([3]) },
    .init("greaterEqual: shapes [2] and [3] do not") { _ = zeros([2]) .>= zeros([3]) },
    .init("and: shapes [2] and [3] do not") { _ = zeros([2]) .& zeros([3]) },
    .init("or: shapes [2] and [3] do not") { _ = zeros([2]) .| zeros([3]) },
    .init("where: shapes [2] and [3] do not") { _ = `where`(ints(), zeros([2]), zeros([3])) },
    .init("where: shapes [3] and [2] do not") { _ = `where`(ints(), zeros([3]), zeros([3])) },
  ])
