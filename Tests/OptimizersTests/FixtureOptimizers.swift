import Optimizers
import TensorCore
import TestSupport

/// The optimiser of `example`, with its options, for `parameters`.
func makeOptimizer(
  _ example: FixtureCase, _ parameters: [Tensor]
) throws -> any Optimizer {
  func float(_ name: String) throws -> Float { Float(try example.number(name)) }
  let rate = try float("learningRate")
  let decay = try float("weightDecay")
  switch example.operation {
  case "sgd":
    return SGD(
      parameters, learningRate: rate, momentum: try float("momentum"),
      dampening: try float("dampening"), weightDecay: decay,
      nesterov: try example.flag("nesterov"))
  case "adagrad":
    return Adagrad(
      parameters, learningRate: rate,
      learningRateDecay: try example.number("learningRateDecay"), weightDecay: decay,
      initialAccumulator: try float("initialAccumulator"), epsilon: try float("epsilon"))
  case "rmsProp":
    return RMSprop(
      parameters, learningRate: rate, alpha: try example.number("alpha"),
      epsilon: try float("epsilon"), weightDecay: decay, momentum: try float("momentum"),
      centered: try example.flag("centered"))
  case "lars":
    return LARS(
      parameters, learningRate: rate, momentum: try float("momentum"), weightDecay: decay,
      trustCoefficient: try example.number("trustCoefficient"))
  default: break
  }
  let betas = (try example.number("beta1"), try example.number("beta2"))
  if example.operation == "lion" {
    return Lion(parameters, learningRate: rate, betas: betas, weightDecay: decay)
  }
  let epsilon = try float("epsilon")
  if example.operation == "lamb" {
    return LAMB(
      parameters, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay)
  }
  let amsgrad = try example.flag("amsgrad")
  return example.operation == "adam"
    ? Adam(
      parameters, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay,
      amsgrad: amsgrad)
    : AdamW(
      parameters, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay,
      amsgrad: amsgrad)
}

extension FixtureCase {
  /// The inputs as parameters.
  func trainedInputs() throws -> [Tensor] {
    let parameters = try inputs()
    for parameter in parameters { parameter.requiresGrad = true }
    return parameters
  }

  /// Gives the parameters their gradients of step `step`.
  func setGradients(of parameters: [Tensor], _ step: Int) throws {
    for (index, parameter) in parameters.enumerated() {
      parameter.grad = row(step, of: try requiredTensor("gradients\(index)"), parameter.shape)
    }
  }
}

/// Row `index` of `tensor`, which has `shape`.
func row(_ index: Int, of tensor: Tensor, _ shape: Shape) -> Tensor {
  let size = shape.elementCount
  return Tensor(Array(tensor.floats[(index * size)..<((index + 1) * size)]), shape: shape)
}
