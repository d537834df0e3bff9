import TensorCore
import TestSupport

let comparisonFamily = OperationFamily(
  "comparison",
  table: [:],
  missing: [
    "equal", "greater", "greaterEqual", "isNaN", "less", "lessEqual", "logicalAnd", "logicalNot",
    "logicalOr", "notEqual", "where",
  ],
  differentiable: [],
  misuses: [])
