import TensorCore
import TestSupport

let attentionFamily = OperationFamily(
  "attention",
  table: [:],
  missing: ["scaledDotProductAttention"],
  differentiable: [],
  misuses: [])
