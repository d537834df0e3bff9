import Diagnostics

// Operations that move no number: the result is a view wherever strides can express it.

extension Tensor {
  /// The same elements in row-major order as `shape`; one size may be -1 and follows from the others.
  ///
  /// A view where the elements are contiguous, else a copy. Stops unless both shapes hold the same number.
  public func reshaped(_ shape: Shape) -> Tensor {
    let shape = completed(shape)
    let values = contiguousValues()
    return values.alias(shape: shape, strides: shape.contiguousStrides, offset: values.offset)
      .recorded("reshaped", [edge { [old = self.shape] gradient in gradient.reshaped(old) }])
  }

  private func completed(_ shape: Shape) -> Shape {
    var result = shape
    let open = shape.indices.filter { shape[$0] == -1 }
    if let axis = open.first, open.count == 1 {
      result[axis] = 1
      let known = result.elementCount
      result[axis] = known == 0 ? 0 : count / known
    }
    check(
      result.elementCount == count && result.allSatisfy { $0 >= 0 },
      "reshaped: \(self.shape), which holds \(count) elements, cannot become \(shape)")
    return result
  }

  /// Joins all dimensions from `axis` on into one: [64, 1, 28, 28] from 1 gives [64, 784].
  public func flattened(from axis: Int = 0) -> Tensor {
    guard rank > 0 else { return reshaped([1]) }
    let axis = shape.axis(axis, "flattened")
    if axis == rank - 1 { return self }
    var result = Shape(shape[..<axis])
    result.append(shape[axis...].reduce(1, *))
    return reshaped(result)
  }

  /// A view with axes `a` and `b` exchanged.
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor {
    var order = Array(0..<rank)
    order.swapAt(shape.axis(a, "transposed"), shape.axis(b, "transposed"))
    return permuted(order)
  }

  /// A view whose axis i is this tensor's axis `order[i]`.
  public func permuted(_ order: [Int]) -> Tensor {
    let axes = order.map { shape.axis($0, "permuted") }
    check(
      axes.count == rank && Set(axes).count == rank,
      "permuted: \(order) does not name each axis of shape \(shape) once")
    var (newShape, newStrides) = (Shape(), Shape())
    var inverse = axes
    for (position, axis) in axes.enumerated() {
      newShape.append(shape[axis])
      newStrides.append(strides[axis])
      inverse[axis] = position
    }
    return alias(shape: newShape, strides: newStrides, offset: offset)
      .recorded("permuted", [edge { [inverse] gradient in gradient.permuted(inverse) }])
  }

  /// A view of `shape` in which sizes of 1, and axes that are missing in front, are repeated.
  public func expanded(to shape: Shape) -> Tensor {
    check(
      broadcast(self.shape, shape, "expanded") == shape && shape.allSatisfy { $0 >= 0 },
      "expanded: shape \(self.shape) does not expand to \(shape)")
    return alias(shape: shape, strides: strides(broadcastTo: shape), offset: offset)
      .recorded("expanded", [edge { $0 }])
  }

  /// A view without axis `axis`, which must have size 1.
  public func squeezed(_ axis: Int) -> Tensor {
    let axis = shape.axis(axis, "squeezed")
    check(shape[axis] == 1, "squeezed: axis \(axis) of shape \(shape) has not size 1")
    var (newShape, newStrides) = (shape, strides)
    newShape.remove(at: axis)
    newStrides.remove(at: axis)
    return alias(shape: newShape, strides: newStrides, offset: offset)
      .recorded("squeezed", [edge { $0.unsqueezed(axis) }])
  }

  /// A view with a new axis of size 1 at position `axis`.
  public func unsqueezed(_ axis: Int) -> Tensor {
    let axis = axis < 0 ? axis + rank + 1 : axis
    check(
      axis >= 0 && axis <= rank, "unsqueezed: no position \(axis) in a tensor of shape \(shape)")
    var (newShape, newStrides) = (shape, strides)
    newShape.insert(1, at: axis)
    newStrides.insert(1, at: axis)
    return alias(shape: newShape, strides: newStrides, offset: offset)
      .recorded("unsqueezed", [edge { $0.squeezed(axis) }])
  }

  package func movingAxisLast(_ axis: Int) -> Tensor {
    var order = Array(0..<rank)
    order.append(order.remove(at: axis))
    return permuted(order)
  }

  /// The view that `make` makes of this tensor, by strides alone. The gradient is added to the same view of the
  /// gradient of the whole.
  package func view(_ name: StaticString, _ make: @escaping (Tensor) -> Tensor) -> Tensor {
    make(self).recorded(
      name,
      [
        edge(into: { gradient, target, accumulating in
          if !accumulating { target.fill(0) }
          make(target).add(inPlace: gradient)
        })
      ])
  }

  /// A view of the elements whose indices along `axes` differ by `offset`, along a new last axis.
  public func diagonal(offset: Int = 0, axes: (Int, Int) = (0, 1)) -> Tensor {
    let (row, column) = (shape.axis(axes.0, "diagonal"), shape.axis(axes.1, "diagonal"))
    check(row != column, "diagonal: axes \(axes.0) and \(axes.1) of shape \(shape) are the same")
    let size = Swift.max(0, Swift.min(shape[row] + Swift.min(0, offset), shape[column] - Swift.max(0, offset)))
    return view("diagonal") { tensor in
      var (shape, strides) = (tensor.shape, tensor.strides)
      let start = size == 0 ? 0 : Swift.max(0, offset) * strides[column] - Swift.min(0, offset) * strides[row]
      shape.append(size)
      strides.append(strides[row] + strides[column])
      for axis in [Swift.max(row, column), Swift.min(row, column)] {
        shape.remove(at: axis)
        strides.remove(at: axis)
      }
      return tensor.alias(shape: shape, strides: strides, offset: tensor.offset + start)
    }
  }
}
