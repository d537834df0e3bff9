import Diagnostics

// Axes: views of the same elements in another order or number of axes.

extension Tensor {
  /// A view with axes `a` and `b` exchanged; by default the last two.
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor {
    let (a, b) = (shape.axisOrScalar(a, "transposed"), shape.axisOrScalar(b, "transposed"))
    if axisCount == 0 { return viewed(as: []) }
    var (newShape, newStrides) = (shape, strides)
    newShape.swapAt(a, b)
    newStrides.swapAt(a, b)
    return alias(shape: newShape, strides: newStrides, offset: offset)
      .recorded("transposed", edge { $0.transposed(a, b) })
  }

  /// A view whose axis i is this tensor's axis `order[i]`.
  public func permuted(_ order: [Int]) -> Tensor {
    check(
      order.count == axisCount, "permuted: \(order) does not name each axis of shape \(shape) once")
    var (newShape, newStrides) = (shape, strides)
    var inverse = Shape(repeating: -1, count: axisCount)
    for (position, axis) in order.enumerated() {
      let axis = shape.axis(axis, "permuted")
      check(
        inverse[axis] == -1, "permuted: \(order) does not name each axis of shape \(shape) once")
      inverse[axis] = position
      newShape[position] = shape[axis]
      newStrides[position] = strides[axis]
    }
    return alias(shape: newShape, strides: newStrides, offset: offset)
      .recorded("permuted", edge { gradient in gradient.permuted(Array(inverse)) })
  }

  /// A view with axis `axis` moved to position `position`; the others keep their order.
  public func movingAxis(_ axis: Int, to position: Int) -> Tensor {
    let axis = shape.axisOrScalar(axis, "movingAxis")
    let position = shape.axisOrScalar(position, "movingAxis")
    if axisCount == 0 { return viewed(as: []) }
    var order = Array(0..<axisCount)
    order.insert(order.remove(at: axis), at: position)
    return permuted(order)
  }

  package func movingAxisLast(_ axis: Int) -> Tensor { movingAxis(axis, to: -1) }

  /// A view of `shape` in which sizes of 1, and axes that are missing in front, are repeated
  /// without memory for it. -1 keeps the size of an axis. Stops where another size would have to
  /// change.
  public func expanded(to shape: Shape) -> Tensor {
    var target = shape
    for axis in 0..<shape.count where shape[axis] == -1 {
      let own = axis - (shape.count - axisCount)
      check(own >= 0, "expanded: shape \(self.shape) has no axis whose size -1 in \(shape) keeps")
      target[axis] = self.shape[own]
    }
    check(
      broadcast(self.shape, target, "expanded") == target && target.allSatisfy { $0 >= 0 },
      "expanded: shape \(self.shape) does not expand to \(shape)")
    return alias(shape: target, strides: strides(broadcastTo: target), offset: offset)
      .recorded("expanded", edge { $0 })
  }

  /// A view without axis `axis` if that has size 1, else with all axes, as in PyTorch.
  public func squeezed(_ axis: Int) -> Tensor { squeezed(axes: [axis]) }

  /// A view without any axis of size 1.
  public func squeezed() -> Tensor { squeezed(axes: Array(0..<axisCount)) }

  /// A view without those of `axes` that have size 1.
  public func squeezed(axes: [Int]) -> Tensor {
    var isNamed = Shape(repeating: 0, count: axisCount)
    for axis in axes {
      let axis = shape.axisOrScalar(axis, "squeezed")
      if axisCount > 0 { isNamed[axis] = 1 }
    }
    var (newShape, newStrides) = (Shape(), Shape())
    for axis in 0..<axisCount where isNamed[axis] == 0 || shape[axis] != 1 {
      newShape.append(shape[axis])
      newStrides.append(strides[axis])
    }
    return alias(shape: newShape, strides: newStrides, offset: offset)
      .recorded("squeezed", edge { [old = shape] gradient in gradient.reshaped(old) })
  }

  /// A view with a new axis of size 1 at position `axis`; -1 adds it at the end.
  public func unsqueezed(_ axis: Int) -> Tensor {
    let position = axis < 0 ? axis + axisCount + 1 : axis
    check(
      position >= 0 && position <= axisCount,
      "unsqueezed: no position \(axis) in a tensor of shape \(shape)")
    var (newShape, newStrides) = (shape, strides)
    newShape.insert(1, at: position)
    newStrides.insert(1, at: position)
    return alias(shape: newShape, strides: newStrides, offset: offset)
      .recorded("unsqueezed", edge { [old = shape] gradient in gradient.reshaped(old) })
  }

  /// A view with the order of the elements along `axes` reversed.
  public func flipped(axes: [Int]) -> Tensor {
    var (isFlipped, newStrides, start) = (Shape(repeating: 0, count: axisCount), strides, offset)
    if axisCount == 0, let axis = axes.first { return reversedScalar(axis, axes) }
    for axis in axes {
      let axis = shape.axis(axis, "flipped")
      check(isFlipped[axis] == 0, "flipped: axis \(axis) is named twice in \(axes)")
      isFlipped[axis] = 1
      newStrides[axis] = -strides[axis]
      start += Swift.max(0, shape[axis] - 1) * strides[axis]
    }
    return alias(shape: shape, strides: newStrides, offset: start)
      .recorded("flipped", edge { $0.flipped(axes: axes) })
  }

  /// This scalar, which is itself in reverse along its `axis`.
  private func reversedScalar(_ axis: Int, _ axes: [Int]) -> Tensor {
    _ = shape.axisOrScalar(axis, "flipped")
    check(axes.count == 1, "flipped: axis \(axis) is named twice in \(axes)")
    return viewed(as: [])
  }

  /// A view of the elements whose indices along `axes` differ by `offset`, along a new last axis.
  public func diagonal(offset: Int = 0, axes: (Int, Int) = (0, 1)) -> Tensor {
    let (row, column) = (shape.axis(axes.0, "diagonal"), shape.axis(axes.1, "diagonal"))
    check(row != column, "diagonal: axes \(axes.0) and \(axes.1) of shape \(shape) are the same")
    let (below, right) = (Swift.max(0, -offset), Swift.max(0, offset))
    let size = Swift.max(0, Swift.min(shape[row] - below, shape[column] - right))
    return view("diagonal") { tensor in
      var (shape, strides) = (tensor.shape, tensor.strides)
      let start = size == 0 ? 0 : right * strides[column] + below * strides[row]
      shape.append(size)
      strides.append(strides[row] + strides[column])
      for axis in [Swift.max(row, column), Swift.min(row, column)] {
        shape.remove(at: axis)
        strides.remove(at: axis)
      }
      return tensor.alias(shape: shape, strides: strides, offset: tensor.offset + start)
    }
  }

  /// A view of all windows of `size` elements along `axis`, `step` apart: the axis counts the
  /// windows, and a new last axis runs through each. Stops unless 1 ≤ `size` ≤ the size of the axis
  /// and `step` ≥ 1.
  public func unfolded(axis: Int, size: Int, step: Int = 1) -> Tensor {
    if let vector = asVector(along: axis, "unfolded") {
      return vector.unfolded(axis: 0, size: size, step: step).squeezed(0)
    }
    let axis = shape.axis(axis, "unfolded")
    check(
      size >= 1 && size <= shape[axis] && step >= 1,
      "unfolded: windows of \(size) in steps of \(step) along axis \(axis) of shape \(shape)")
    return view("unfolded") { tensor in
      var (shape, strides) = (tensor.shape, tensor.strides)
      shape.append(size)
      strides.append(strides[axis])
      shape[axis] = (shape[axis] - size) / step + 1
      strides[axis] *= step
      return tensor.alias(shape: shape, strides: strides, offset: tensor.offset)
    }
  }
}
