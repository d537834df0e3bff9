public import TensorCore

/// A module that maps one tensor to one tensor; call it like a function.
///
/// ```swift
/// final class Residual: Module, Layer {
///   let inner = Linear(64, 64)
///   func forward(_ x: Tensor) -> Tensor { x + relu(inner(x)) }
/// }
/// let y = Residual()(Tensor.zeros([8, 64]))  // [8, 64]
/// ```
///
/// A module of several inputs, or of several results, has a `callAsFunction` of its own instead.
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
