import TensorCore
import TestSupport

let activationFamily = OperationFamily(
  "activations",
  table: [
    "relu": .init(.exact, gradients: .exact) { relu($1[0]) }
  ],
  missing: [
    "elu", "gelu", "geluTanh", "hardsigmoid", "hardtanh", "leakyRelu", "logSigmoid", "silu",
    "softplus",
  ],
  differentiable: [
    .init("relu above 0", [[7]], in: 0.125...2) { relu($0[0]) },
    .init("relu below 0", [[7]], in: -2...(-0.125)) { relu($0[0]) },
  ],
  misuses: [])
