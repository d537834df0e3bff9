import Diagnostics
public import Elements
package import TensorCore

extension Module {
  /// Stores the parameters of this module and those below it, frozen ones included, as `dtype`, a type
  /// of floats; PyTorch's `to(dtype)`.
  ///
  /// Parameters of norms, and of other modules with `keepsFloat32`, stay float32, and so do
  /// buffers; see Docs/mixed-precision.md. The tensors stay the same objects, ties included; their
  /// gradients are dropped.
  ///
  /// Call it before an optimiser is made and gradients are averaged over ranks; stops where it
  /// is too late.
  public func convert(to dtype: DType) {
    check(
      dtype.isFloatingPoint,
      "convert: parameters of \(dtype) cannot be trained; use \(DType.list(\.isFloatingPoint))"
    )
    let kept = Set(
      modules().filter(\.keepsFloat32)
        .flatMap { $0.namedOwnTensors().map { ObjectIdentifier($0.tensor) } })
    for (name, tensor) in namedTensors() where tensor.requiresGrad || tensor.isFrozen {
      if !kept.contains(ObjectIdentifier(tensor)) { tensor.change(to: dtype, named: name) }
    }
    MemoryPool.trim()  // where the old values were
  }
}

extension Layer {
  /// The result for `inputs` in Float32, which losses need, of a layer that was converted to `dtype`.
  /// Numbers are converted on their way in; indices stay what they are.
  package func float32Output(for inputs: Tensor, storedAs dtype: DType) -> Tensor {
    self(inputs.dtype.isFloatingPoint ? inputs.converted(to: dtype) : inputs)
      .converted(to: .float32)
  }
}
