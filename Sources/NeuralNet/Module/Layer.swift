public import TensorCore

/// A module that maps one tensor to one tensor; call it like a function.
public protocol Layer: Module {
  /// The layer's result for `input`.
  func forward(_ input: Tensor) -> Tensor
}

extension Layer {
  /// The layer's result for `input`.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    let output = forward(input)
    notifyForwardHooks([output])
    return output
  }
}
