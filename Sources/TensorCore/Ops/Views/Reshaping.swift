import Diagnostics
import Elements

// Shapes: the same elements in the same order.

extension Tensor {
  /// The same elements in row-major order as `shape`; one size may be -1 and follows from the
  /// others.
  ///
  /// A view where strides can express it, for strided tensors too, else a copy. Stops unless both
  /// shapes hold the same number, and where nothing says what -1 is because another size is 0.
  public func reshaped(_ shape: Shape) -> Tensor {
    let shape = completed(shape, "reshaped")
    return rearranged(as: shape, strides(reshapedTo: shape), "reshaped")
  }

  /// As `reshaped(_:)`, but always a view: stops where it would be a copy.
  public func viewed(as shape: Shape) -> Tensor {
    let shape = completed(shape, "viewed")
    let strides = strides(reshapedTo: shape)
    check(
      strides != nil,
      """
      viewed: the elements of this tensor of shape \(self.shape) and strides \(self.strides) have no \
      view of shape \(shape); use reshaped(_:), which copies them
      """)
    return rearranged(as: shape, strides, "viewed")
  }

  /// Joins the axes from `first` to `last`, both included, into one: [64, 1, 28, 28] from 1 gives
  /// [64, 784].
  ///
  /// A view where strides can express it. A scalar becomes [1]. Stops if `last` comes before
  /// `first`.
  public func flattened(from first: Int = 0, to last: Int = -1) -> Tensor {
    if let vector = asVector(along: first, "flattened") {
      _ = shape.axisOrScalar(last, "flattened")
      return vector
    }
    let (first, last) = (shape.axis(first, "flattened"), shape.axis(last, "flattened"))
    check(first <= last, "flattened: axis \(last) of shape \(shape) comes before axis \(first)")
    if first == last { return self }
    var result = Shape(shape[..<first])
    result.append(shape[first...last].reduce(1, *))
    for axis in (last + 1)..<axisCount { result.append(shape[axis]) }
    return reshaped(result)
  }

  /// This tensor if its elements lie in row-major order without gaps, and otherwise a copy for
  /// which that holds.
  public func contiguous() -> Tensor { isContiguous ? self : cloned() }

  /// A copy with memory of its own, in row-major order; gradients flow through it.
  public func cloned() -> Tensor {
    let copy = Tensor(uninitialized: shape, dtype)
    copy.assign(elementsOf: self)
    return copy.recorded("cloned", edge { $0 })
  }

  /// A scalar as a vector of its one element, for an operation along its `axis`, 0 or -1; nil where
  /// there are axes.
  func asVector(along axis: Int, _ name: StaticString) -> Tensor? {
    guard axisCount == 0 else { return nil }
    _ = shape.axisOrScalar(axis, name)
    return reshaped([1])
  }

  private func completed(_ shape: Shape, _ name: StaticString) -> Shape {
    var (result, open) = (shape, -1)
    for axis in 0..<shape.count where shape[axis] == -1 { open = open == -1 ? axis : -2 }
    if open >= 0 {
      result[open] = 1
      let known = result.elementCount
      check(
        known != 0,
        "\(name): \(self.shape) cannot become \(shape): beside a size of 0, -1 may be any size; "
          + "write it out")
      result[open] = count / known
    }
    check(
      result.elementCount == count && result.allSatisfy { $0 >= 0 },
      "\(name): \(self.shape), which holds \(count) elements, cannot become \(shape)")
    return result
  }

  private func rearranged(as shape: Shape, _ strides: Shape?, _ name: StaticString) -> Tensor {
    let result =
      if let strides {
        alias(shape: shape, strides: strides, offset: offset)
      } else {
        contiguousValues().arranged(as: shape)
      }
    return result.recorded(name, edge { [old = self.shape] gradient in gradient.reshaped(old) })
  }

  /// The strides that show these elements as `new`, which holds as many; nil where no strides do.
  private func strides(reshapedTo new: Shape) -> Shape? {
    var result = new.contiguousStrides
    if isContiguous { return result }
    // Neighbouring axes that are stepped through evenly are one chunk; every chunk must be a
    // product of new sizes.
    var position = new.count - 1
    var (chunk, covered) = (1, 1)
    var stride = strides[axisCount - 1]
    for axis in (0..<axisCount).reversed() {
      chunk *= shape[axis]
      if axis > 0, shape[axis - 1] == 1 || strides[axis - 1] == chunk * stride { continue }
      while position >= 0, covered < chunk || new[position] == 1 {
        result[position] = covered * stride
        covered *= new[position]
        position -= 1
      }
      if covered != chunk { return nil }
      if axis > 0 { (chunk, covered, stride) = (1, 1, strides[axis - 1]) }
    }
    return result
  }
}
