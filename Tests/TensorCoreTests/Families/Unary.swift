import TensorCore
import TestSupport

let unaryFamily = OperationFamily(
  "unary",
  table: [
    "negate": .init(.exact, gradients: .exact, lacks: \.takesIntegers) { -$1[0] },
    "exp": .init { $1[0].exp() },
    "log": .init { $1[0].log() },
    "sqrt": .init(.exact) { $1[0].squareRoot() },
    "square": .init(.exact, lacks: \.takesIntegers) { $1[0].squared() },
    "tanh": .init { tanh($1[0]) },
    "sigmoid": .init { sigmoid($1[0]) },
  ],
  missing: [
    "abs", "ceil", "clamp", "cos", "erf", "expm1", "floor", "log1p", "log2", "reciprocal", "round",
    "rsqrt", "sign", "sin",
  ],
  differentiable: [
    .init("negate", [[5]]) { -$0[0] },
    .init("squared", [[7]]) { $0[0].squared() },
    .init("exp", [[7]]) { $0[0].exp() },
    .init("log", [[7]], in: 0.75...3) { $0[0].log() },
    .init("squareRoot", [[7]], in: 0.75...3) { $0[0].squareRoot() },
    .init("tanh", [[7]]) { tanh($0[0]) },
    .init("sigmoid", [[7]]) { sigmoid($0[0]) },
  ],
  misuses: [])
