import TensorCore
import TestSupport

let unaryFamily = OperationFamily(
  "unary",
  table: [
    "negate": .init(.exact, gradients: .exact) { -$1[0] },
    "abs": .init(.exact, gradients: .exact) { $1[0].abs() },
    "sign": .init(.exact, gradients: .exact) { $1[0].sign() },
    "exp": .init { $1[0].exp() },
    "expm1": .init(.relative) { $1[0].expm1() },
    "log": .init { $1[0].log() },
    "log1p": .init(.relative) { $1[0].log1p() },
    "log2": .init { $1[0].log2() },
    "sqrt": .init(.exact) { $1[0].squareRoot() },
    "rsqrt": .init { $1[0].reciprocalSquareRoot() },
    "square": .init(.exact) { $1[0].squared() },
    "reciprocal": .init(.exact) { $1[0].reciprocal() },
    "sin": .init { $1[0].sin() },
    "cos": .init { $1[0].cos() },
    "tanh": .init { tanh($1[0]) },
    "sigmoid": .init { sigmoid($1[0]) },
    "erf": .init { $1[0].erf() },
    "floor": .init(.exact, gradients: .exact) { $1[0].floor() },
    "ceil": .init(.exact, gradients: .exact) { $1[0].ceil() },
    "round": .init(.exact, gradients: .exact) { $1[0].rounded() },
    "clamp": .init(.exact, gradients: .exact) {
      if $0.takesIntegers {
        return $1[0].clamped(from: try $0.integer("min"), to: try $0.integer("max"))
      }
      return $1[0].clamped(from: try $0.limit("min"), to: try $0.limit("max"))
    },
  ],
  differentiable: [
    .init("negate", [[5]]) { -$0[0] },
    .init("abs above 0", [[5]], in: 0.125...2) { $0[0].abs() },
    .init("abs below 0", [[5]], in: -2...(-0.125)) { $0[0].abs() },
    .init("sign", [[5]], in: 0.125...2) { $0[0].sign() * $0[0] },
    .init("squared", [[7]]) { $0[0].squared() },
    .init("exp", [[7]]) { $0[0].exp() },
    .init("expm1", [[7]]) { $0[0].expm1() },
    .init("log", [[7]], in: 0.75...3) { $0[0].log() },
    .init("log1p", [[7]], in: -0.25...3) { $0[0].log1p() },
    .init("log2", [[7]], in: 0.75...3) { $0[0].log2() },
    .init("squareRoot", [[7]], in: 0.75...3) { $0[0].squareRoot() },
    .init("reciprocalSquareRoot", [[7]], in: 0.75...3) { $0[0].reciprocalSquareRoot() },
    .init("reciprocal", [[7]], in: 0.75...3) { $0[0].reciprocal() },
    .init("sin", [[7]]) { $0[0].sin() },
    .init("cos", [[7]]) { $0[0].cos() },
    .init("tanh", [[7]]) { tanh($0[0]) },
    .init("sigmoid", [[7]]) { sigmoid($0[0]) },
    .init("erf", [[7]]) { $0[0].erf() },
    .init("floor, ceil and rounded", [[7]], in: 0.125...0.375) {
      $0[0].floor() + $0[0].ceil() * $0[0] + $0[0].rounded()
    },
    .init("clamped within", [[7]]) { $0[0].clamped(from: -3, to: 3) },
    .init("clamped beyond", [[7]]) { $0[0].clamped(from: 3) + $0[0].clamped(to: -3) },
  ],
  misuses: [
    .init("clamp in place: this tensor is a leaf that requires a gradient") {
      let x = zeros([2])
      x.requiresGrad = true
      x.clamp(from: 0)
    }
  ])

extension FixtureCase {
  /// The attribute `name`; nil where it is null.
  fileprivate func limit(_ name: String) throws -> Float? {
    try optionalNumber(name).map { Float($0) }
  }
}
