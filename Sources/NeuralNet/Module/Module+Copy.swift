import Diagnostics
import TensorCore

extension Module {
  /// A deep copy: what `make` makes, a module built as this one was, with copies of this module's
  /// tensors, frozen ones and modes included.
  ///
  /// ```swift
  /// let best = model.copy { Classifier() }
  /// ```
  ///
  /// Swift cannot build an object of a class it does not know, so the caller says how. Stops unless
  /// the names, types and shapes of all tensors agree.
  public func copy<Copy: Module>(_ make: () -> Copy) -> Copy {
    let copy = make()
    let (mine, theirs) = (namedTensors(), copy.namedTensors())
    check(
      mine.map(\.name) == theirs.map(\.name),
      "copy: this module's tensors are \(mine.map(\.name)), the new one's \(theirs.map(\.name))")
    for ((name, source), (_, target)) in zip(mine, theirs) {
      check(
        source.shape == target.shape && source.dtype == target.dtype,
        "copy: \(name) is \(source.dtype) \(source.shape) here and \(target.dtype) \(target.shape) there"
      )
      noGrad { target.assign(source) }
      target.requiresGrad = source.requiresGrad
    }
    for (source, target) in zip(modules(), copy.modules()) {
      target.isTraining = source.isTraining
    }
    return copy
  }
}
