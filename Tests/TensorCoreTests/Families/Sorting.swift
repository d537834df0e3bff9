import TensorCore
import TestSupport

let sortingFamily = OperationFamily(
  "sorting",
  table: [:],
  missing: ["argsort", "sort", "topK"],
  differentiable: [],
  misuses: [])
