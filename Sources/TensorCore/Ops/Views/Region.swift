import Diagnostics

/// A part of a tensor that strides can express: along each axis evenly spaced elements, a single
/// one, or a new axis of size 1. No two of its elements are the same.
struct Region {
  /// The shape of the part.
  private(set) var shape: Shape
  /// For each axis of the part the axis of the tensor that it runs along; -1 for a new one.
  private var axes: Shape
  /// For each axis of the part how far its elements are apart.
  private var steps: Shape
  /// For each axis of the tensor the index of the part's first element.
  private var starts: Shape

  /// All of a tensor of `shape`.
  init(_ shape: Shape) {
    self.shape = shape
    axes = shape
    for axis in 0..<shape.count { axes[axis] = axis }
    steps = Shape(repeating: 1, count: shape.count)
    starts = Shape(repeating: 0, count: shape.count)
  }

  /// All of a tensor of `shape`, but along `axis` only `count` elements from `start` on.
  init(_ shape: Shape, _ axis: Int, from start: Int, count: Int, by step: Int = 1) {
    self.init(shape)
    narrow(axis, from: start, count: count, by: step)
  }

  /// Keeps of axis `position` only `count` elements from `start` on.
  mutating func narrow(_ position: Int, from start: Int, count: Int, by step: Int = 1) {
    if count > 0 { starts[axes[position]] += start * steps[position] }
    steps[position] *= step
    shape[position] = count
  }

  /// Keeps of axis `position` only element `index`, without the axis.
  mutating func select(_ position: Int, _ index: Int) {
    starts[axes[position]] += index * steps[position]
    axes.remove(at: position)
    steps.remove(at: position)
    shape.remove(at: position)
  }

  /// Adds an axis of size 1.
  mutating func insertAxis(at position: Int) {
    axes.insert(-1, at: position)
    steps.insert(1, at: position)
    shape.insert(1, at: position)
  }

  /// The part of `tensor`, outside the graph.
  func of(_ tensor: Tensor) -> Tensor {
    var (strides, offset) = (steps, tensor.offset)
    for axis in 0..<starts.count { offset += starts[axis] * tensor.strides[axis] }
    for position in 0..<shape.count where axes[position] >= 0 {
      strides[position] *= tensor.strides[axes[position]]
    }
    return tensor.alias(shape: shape, strides: strides, offset: offset)
  }
}

extension Tensor {
  /// The view of `region`. Its gradient is added to the same part of the gradient of the whole,
  /// which is cleared once however many parts are taken.
  func part(_ region: Region, _ name: StaticString) -> Tensor {
    region.of(self).recorded(
      name,
      edge(into: { gradient, target, accumulating in
        let part = region.of(target)
        if accumulating { return part.add(inPlace: gradient) }
        if part.count != target.count { target.clear() }
        part.assign(gradient)
      }))
  }

  /// The view that `make` makes of this tensor, by strides alone. The gradient is added to the same
  /// view of the gradient of the whole; elements may occur in it several times, but not within its
  /// last axis.
  package func view(_ name: StaticString, _ make: @escaping (Tensor) -> Tensor) -> Tensor {
    make(self).recorded(
      name,
      edge(into: { gradient, target, accumulating in
        if !accumulating { target.clear() }
        make(target).add(inPlace: gradient)
      }))
  }
}
