import Diagnostics
public import TensorCore

/// Changes parameters by their gradients. A new optimiser says how in `update`; the rest is here.
public protocol Optimizer: AnyObject {
  /// What is trained, in the order of the model's declaration.
  var parameters: [Tensor] { get }
  /// The size of a step; change it at any time, or let a schedule do it.
  var learningRate: Float { get set }
  /// Changes `parameter`, the one at `index`, in place. Both tensors are contiguous and of one
  /// shape.
  func update(_ parameter: Tensor, _ gradient: Tensor, _ index: Int)
}

extension Optimizer {
  /// Forgets all gradients; without it, `backward()` adds to them.
  public func zeroGrad() {
    for parameter in parameters { parameter.grad = nil }
  }

  /// Takes one step. Parameters without a gradient stay as they are.
  public func step() {
    for parameter in parameters { parameter.leaf?.observer?.completeGradients() }
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = parameter.grad else { continue }
      parameter.storage.markWritten(by: "Optimizer.step")
      update(parameter, gradient, index)
    }
  }
}

/// `parameters` if an optimiser called `name` can train them; stops with what is wrong otherwise.
func trainable(_ parameters: [Tensor], _ learningRate: Float, _ name: String) -> [Tensor] {
  check(!parameters.isEmpty, "\(name): no parameters to train")
  for (index, parameter) in parameters.enumerated() {
    check(
      parameter.leaf != nil && parameter.isContiguous,
      "\(name): parameter \(index) of shape \(parameter.shape) is no leaf that requires a gradient")
  }
  check(learningRate >= 0, "\(name): learning rate \(learningRate) is negative")
  return parameters
}
