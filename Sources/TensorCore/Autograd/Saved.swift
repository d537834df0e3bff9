import Diagnostics

/// A tensor kept for a gradient, and the version its storage had then.
///
/// It is kept without its place in the graph: otherwise an operation that keeps its own result would own itself, and
/// a long chain could not be taken apart without recursion.
package struct Saved {
  private let tensor: Tensor
  private let version: UInt32

  package init(_ tensor: Tensor) {
    self.tensor = tensor.detach()
    version = tensor.storage.version
  }

  /// The tensor. Stops if its memory was changed since it was kept.
  package var value: Tensor {
    check(
      tensor.storage.version == version,
      """
      backward: \(BackwardPass.current?.name ?? "an operation"): a value of shape \(tensor.shape) that its \
      gradient needs was changed in place by \(tensor.storage.lastWriter) (version \
      \(tensor.storage.version), expected \(version)); change a copy, or change it after backward(). \
      Saved at \(BackwardPass.current?.site.line ?? "an unknown line"), changed at \
      \(tensor.storage.lastWrite?.line ?? "an unknown line")
      """)
    return tensor
  }
}
