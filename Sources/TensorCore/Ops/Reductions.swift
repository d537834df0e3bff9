import CKernels
import Diagnostics
import Kernels

extension Tensor {
  /// The sum of all elements, a scalar.
  public func sum() -> Tensor { sum(axes: Array(0..<rank)) }

  /// The sum along `axis`.
  public func sum(axis: Int, keepingAxis: Bool = false) -> Tensor {
    sum(axes: [axis], keepingAxes: keepingAxis)
  }

  /// The sum along `axes`; reduced axes vanish, or keep size 1 with `keepingAxes`.
  public func sum(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    requireFloat("sum")
    if dtype == .float16 { return inFloat32 { $0.sum(axes: axes, keepingAxes: keepingAxes) } }
    let isReduced = reducedAxes(axes, "sum")
    return totals(isReduced, keepingAxes).recorded("sum", [broadcastEdge(isReduced, keepingAxes)])
  }

  /// The mean of all elements, a scalar; NaN if there are none.
  public func mean() -> Tensor { mean(axes: Array(0..<rank)) }

  /// The mean along `axis`.
  public func mean(axis: Int, keepingAxis: Bool = false) -> Tensor {
    mean(axes: [axis], keepingAxes: keepingAxis)
  }

  /// The mean along `axes`; reduced axes vanish, or keep size 1 with `keepingAxes`.
  public func mean(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    let size = axes.reduce(1) { $0 * shape[shape.axis($1, "mean")] }
    return sum(axes: axes, keepingAxes: keepingAxes) / Float(size)
  }

  /// The index of the first largest element along `axis`, of type int64. A NaN counts as largest.
  public func argmax(axis: Int) -> Tensor { indexOfExtreme(axis, sign: 1, "argmax") }

  /// The index of the first smallest element along `axis`, of type int64. A NaN counts as smallest.
  public func argmin(axis: Int) -> Tensor { indexOfExtreme(axis, sign: -1, "argmin") }

  private func indexOfExtreme(_ axis: Int, sign: Float, _ operation: StaticString) -> Tensor {
    requireFloat(operation)
    if dtype == .float16 {
      return detach().converted(to: .float32).indexOfExtreme(axis, sign: sign, operation)
    }
    let axis = shape.axis(axis, operation)
    check(
      shape[axis] > 0, "\(operation): axis \(axis) of shape \(shape) is empty: no index to return")
    var resultShape = shape
    resultShape.remove(at: axis)
    let rows = detach().movingAxisLast(axis).contiguousValues()
    let result = Tensor(uninitialized: resultShape, .int64)
    let (source, target) = (rows.pointer(Float.self), result.pointer(Int64.self))
    let size = shape[axis]
    for row in 0..<result.count {
      target[row] = Int64(lk_index_of_extreme(size, source + row * size, sign))
    }
    return result
  }

  /// Sums `self`, a gradient, back to `target`, which broadcasts to this shape.
  package func summed(to target: Shape) -> Tensor {
    let added = rank - target.count
    var isReduced = Shape(repeating: 0, count: rank)
    for axis in 0..<rank {
      let stretched = axis >= added && target[axis - added] == 1 && shape[axis] != 1
      if axis < added || stretched { isReduced[axis] = 1 }
    }
    let sum = totals(isReduced, true)
    return sum.arranged(as: target)
  }

  // MARK: - Machinery

  /// 1 for every axis in `axes` and 0 for the others.
  private func reducedAxes(_ axes: [Int], _ operation: StaticString) -> Shape {
    var isReduced = Shape(repeating: 0, count: rank)
    for axis in axes {
      let axis = shape.axis(axis, operation)
      check(isReduced[axis] == 0, "\(operation): axis \(axis) is named twice in \(axes)")
      isReduced[axis] = 1
    }
    return isReduced
  }

  private func reducedShape(_ isReduced: Shape, keepingAxes: Bool) -> Shape {
    var result = Shape()
    for axis in 0..<rank where isReduced[axis] == 0 || keepingAxes {
      result.append(isReduced[axis] == 0 ? shape[axis] : 1)
    }
    return result
  }

  /// The edge of a sum: the gradient is repeated along the reduced axes.
  private func broadcastEdge(_ isReduced: Shape, _ keepingAxes: Bool) -> Edge? {
    edge { [shape] gradient in
      var kept = shape
      for axis in 0..<shape.count where isReduced[axis] == 1 { kept[axis] = 1 }
      return gradient.reshaped(kept).expanded(to: shape)
    }
  }

  /// Sums along the marked axes: one pass over the elements for each group of neighbouring marked axes.
  private func totals(_ isReduced: Shape, _ keepingAxes: Bool) -> Tensor {
    var values = contiguousValues()
    var axis = rank - 1
    while axis >= 0 {
      guard isReduced[axis] == 1 else {
        axis -= 1
        continue
      }
      let last = axis
      while axis > 0, isReduced[axis - 1] == 1 { axis -= 1 }
      values = values.summed(over: axis...last)
      axis -= 1
    }
    let result = values === self ? values.copied() : values
    let shape = reducedShape(isReduced, keepingAxes: keepingAxes)
    return result.arranged(as: shape)
  }

  /// Sums a contiguous tensor over neighbouring axes, which keep size 1.
  private func summed(over axes: ClosedRange<Int>) -> Tensor {
    var resultShape = shape
    for axis in axes { resultShape[axis] = 1 }
    let result = Tensor(uninitialized: resultShape)
    let (source, target) = (pointer(Float.self), result.pointer(Float.self))
    let reduced = axes.reduce(1) { $0 * shape[$1] }
    let inner = shape[(axes.upperBound + 1)...].reduce(1, *)
    let outer = shape[..<axes.lowerBound].reduce(1, *)
    if inner == 1 {
      lk_sum_rows(outer, reduced, source, reduced, target)
    } else {
      for index in 0..<outer {
        lk_sum_columns(
          reduced, inner, source + index * reduced * inner, inner, target + index * inner, false)
      }
    }
    return result
  }

  private func copied() -> Tensor {
    let copy = Tensor(uninitialized: shape, dtype)
    copy.assign(self)
    return copy
  }
}
