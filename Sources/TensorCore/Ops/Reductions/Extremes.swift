import Diagnostics
import Elements
import Kernels

// A NaN is larger and smaller than any number, as in PyTorch. Reducing an empty axis stops: nothing
// has no extreme.

extension Tensor {
  /// The largest of all elements, a scalar; NaN if one is. Equal ones, and all that are NaN, share
  /// the gradient.
  public func max() -> Tensor { extreme(nil, axes(nil, "max"), .largest, .largest, "max") }

  /// The largest elements along `axes`, which vanish or keep size 1. Equal ones share the gradient;
  /// where the largest is NaN, so is the gradient of all (PyTorch's `amax`).
  public func max(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    extreme(axes, self.axes(axes, "max", keeping: keepingAxes), .largest, .largest, "max")
  }

  /// The largest elements along `axis` and the indices of the first of them, of type int64; these
  /// get the gradient.
  public func max(axis: Int, keepingAxes: Bool = false) -> (values: Tensor, indices: Tensor) {
    extreme(axis, keepingAxes, .largest, .largest, "max")
  }

  /// The smallest of all elements, a scalar; NaN if one is. Equal ones, and all that are NaN, share
  /// the gradient.
  public func min() -> Tensor { extreme(nil, axes(nil, "min"), .smallest, .smallest, "min") }

  /// The smallest elements along `axes`, which vanish or keep size 1. Equal ones share the gradient;
  /// where the smallest is NaN, so is the gradient of all (PyTorch's `amin`).
  public func min(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    extreme(axes, self.axes(axes, "min", keeping: keepingAxes), .smallest, .smallest, "min")
  }

  /// The smallest elements along `axis` and the indices of the first of them, of type int64; these
  /// get the gradient.
  public func min(axis: Int, keepingAxes: Bool = false) -> (values: Tensor, indices: Tensor) {
    extreme(axis, keepingAxes, .smallest, .smallest, "min")
  }

  /// The index of the first largest element along `axis`, of type int64.
  public func argmax(axis: Int, keepingAxes: Bool = false) -> Tensor {
    indices(axes([axis], "argmax", keeping: keepingAxes), .largest, .largest, "argmax")
  }

  /// The index of the first largest of all elements in row-major order, of type int64.
  public func argmax(keepingAxes: Bool = false) -> Tensor {
    flatIndex(keepingAxes, .largest, .largest, "argmax")
  }

  /// The index of the first smallest element along `axis`, of type int64.
  public func argmin(axis: Int, keepingAxes: Bool = false) -> Tensor {
    indices(axes([axis], "argmin", keeping: keepingAxes), .smallest, .smallest, "argmin")
  }

  /// The index of the first smallest of all elements in row-major order, of type int64.
  public func argmin(keepingAxes: Bool = false) -> Tensor {
    flatIndex(keepingAxes, .smallest, .smallest, "argmin")
  }

  // MARK: - Machinery

  /// `named`: the axes that the caller named; nil for all.
  private func extreme(
    _ named: [Int]?, _ axes: ReducedAxes, _ floats: Reduction<Float>,
    _ integers: Reduction<Int64>, _ name: StaticString
  ) -> Tensor {
    axes.requireElements(name)
    guard dtype.isFloatingPoint else {
      return converted(to: .int64).folded(axes, integers, then: integers).converted(to: dtype)
    }
    let y = folded(axes, floats, then: floats)
    return y.converted(to: dtype).recorded(
      name,
      stepwiseEdge { [x = Saved(self), y = Saved(y)] gradient in
        let (x, y) = (x.value, y.value)
        let isWholeNaN = named == nil && y.item().isNaN
        return axes.shared(
          gradient, where: isWholeNaN ? x.isNaN() : x .== y.reshaped(axes.kept))
      })
  }

  private func extreme(
    _ axis: Int, _ keeping: Bool, _ floats: Extreme<Float>, _ integers: Extreme<Int64>,
    _ name: StaticString
  ) -> (values: Tensor, indices: Tensor) {
    if let vector = asVector(along: axis, name) {
      return vector.extreme(0, false, floats, integers, name)
    }
    let axis = shape.axis(axis, name)
    let indices = indices(axes([axis], name, keeping: true), floats, integers, name)
    let values = picked(at: indices, axis, name)
    return keeping ? (values, indices) : (values.squeezed(axis), indices.squeezed(axis))
  }

  private func flatIndex(
    _ keeping: Bool, _ floats: Extreme<Float>, _ integers: Extreme<Int64>, _ name: StaticString
  ) -> Tensor {
    let flat = detached().reshaped([count])
    return flat.indices(flat.axes([0], name), floats, integers, name)
      .arranged(as: Shape(repeating: 1, count: keeping ? axisCount : 0))
  }

  /// The indices of extremes along the one axis of `axes`.
  private func indices(
    _ axes: ReducedAxes, _ floats: Extreme<Float>, _ integers: Extreme<Int64>, _ name: StaticString
  ) -> Tensor {
    axes.requireElements(name)
    let values = dtype.isFloatingPoint ? detached() : detached().converted(to: .int64)
    let results = values.inMemoryOrder(axes) { values, axes in
      let result = Tensor(uninitialized: axes.kept, .int64)
      let target = result.pointer(Int64.self)
      let run = axes.run
      if values.dtype.isFloatingPoint {
        index(of: floats, run, values.rows(run.inner), target)
      } else {
        index(of: integers, run, values.pointer(Int64.self), target)
      }
      return [result]
    }
    return results[0].arranged(as: axes.result)
  }
}

extension ReducedAxes {
  /// The gradient of an extreme: shared equally among the elements for which `isExtreme` holds.
  func shared(_ gradient: Tensor, where isExtreme: Tensor) -> Tensor {
    let chosen = isExtreme.converted(to: .float32)
    let counts = chosen.folded(self, .sum, then: Reduction<Float>.sum).arranged(as: kept)
    return chosen * (gradient.reshaped(kept) / counts)
  }
}
