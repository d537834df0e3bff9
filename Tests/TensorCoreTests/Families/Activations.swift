import TensorCore
import TestSupport

let activationFamily = OperationFamily(
  "activations",
  table: [
    "relu": .init(.exact, gradients: .exact) { relu($1[0]) },
    "leakyRelu": .init { leakyRelu($1[0], negativeSlope: Float(try $0.number("negativeSlope"))) },
    "elu": .init { elu($1[0], alpha: Float(try $0.number("alpha"))) },
    "gelu": .init { gelu($1[0]) },
    "geluTanh": .init { gelu($1[0], approximation: .tanh) },
    "silu": .init { silu($1[0]) },
    "softplus": .init {
      softplus(
        $1[0], beta: Float(try $0.number("beta")), threshold: Float(try $0.number("threshold")))
    },
    "hardtanh": .init(.exact, gradients: .exact) {
      hardtanh(
        $1[0], minimum: Float(try $0.number("min")), maximum: Float(try $0.number("max")))
    },
    "hardsigmoid": .init { hardsigmoid($1[0]) },
    "logSigmoid": .init { logSigmoid($1[0]) },
  ],
  differentiable: [
    .init("relu above 0", [[7]], in: 0.125...2) { relu($0[0]) },
    .init("relu below 0", [[7]], in: -2...(-0.125)) { relu($0[0]) },
    .init("leakyRelu above 0", [[7]], in: 0.125...2) { leakyRelu($0[0]) },
    .init("leakyRelu below 0", [[7]], in: -2...(-0.125)) { leakyRelu($0[0], negativeSlope: 0.3) },
    .init("elu above 0", [[7]], in: 0.125...2) { elu($0[0]) },
    .init("elu below 0", [[7]], in: -2...(-0.125)) { elu($0[0], alpha: 0.75) },
    .init("gelu", [[7]]) { gelu($0[0]) },
    .init("gelu by tanh", [[7]]) { gelu($0[0], approximation: .tanh) },
    .init("silu", [[7]]) { silu($0[0]) },
    .init("softplus", [[7]]) { softplus($0[0]) },
    .init("softplus beyond the threshold", [[7]], in: 1.25...2) {
      softplus($0[0], beta: 2, threshold: 2)
    },
    .init("logSigmoid", [[7]]) { logSigmoid($0[0]) },
    .init("hardtanh within", [[7]]) { hardtanh($0[0], minimum: -3, maximum: 3) },
    .init("hardtanh beyond", [[7]]) { hardtanh($0[0] + 4) },
    .init("hardsigmoid within", [[7]]) { hardsigmoid($0[0]) },
    .init("hardsigmoid beyond", [[7]]) { hardsigmoid($0[0] - 6) },
  ])
