import Diagnostics
import Elements

/// A copy of the tensors one after the other along `axis`, in the type that holds all of theirs.
/// Stops where there are none, for scalars, and unless the other sizes are equal.
///
/// An empty vector, of shape `[0]`, adds nothing to tensors of any shape, as in PyTorch: a list that
/// grows may begin with one.
public func cat(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  check(!tensors.isEmpty, "cat: no tensors to join")
  check(
    tensors.allSatisfy { $0.axisCount > 0 }, "cat: a tensor of shape []; use stack(_:) for scalars")
  func adds(_ tensor: Tensor) -> Bool { tensor.shape != [0] }
  let number = tensors.firstIndex(where: adds) ?? 0
  let first = tensors[number]
  let axis = first.shape.axis(axis, "cat")
  var (shape, dtype) = (first.shape, first.dtype)
  shape[axis] = 0
  for (index, tensor) in tensors.enumerated() {
    dtype = dtype.promoted(with: tensor.dtype)
    guard adds(tensor) else { continue }
    var expected = first.shape
    if axis < tensor.axisCount { expected[axis] = tensor.shape[axis] }
    check(
      tensor.shape == expected,
      """
      cat: tensor \(index) has shape \(tensor.shape), tensor \(number) has \(first.shape); they may \
      differ along axis \(axis) only
      """)
    shape[axis] += tensor.shape[axis]
  }
  var start = 0
  return joined("cat", tensors, shape, dtype) { tensor in
    guard adds(tensor) else { return Region(tensor.shape) }
    defer { start += tensor.shape[axis] }
    return Region(shape, axis, from: start, count: tensor.shape[axis])
  }
}

/// A copy of the tensors along a new axis at position `axis`, in the type that holds all of theirs.
/// Stops where there are none, and unless all have one shape.
public func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  check(!tensors.isEmpty, "stack: no tensors to join")
  let (first, position) = (tensors[0], axis < 0 ? axis + tensors[0].axisCount + 1 : axis)
  check(
    position >= 0 && position <= first.axisCount,
    "stack: no position \(axis) in a tensor of shape \(first.shape)")
  var (shape, dtype) = (first.shape, first.dtype)
  shape.insert(tensors.count, at: position)
  for (index, tensor) in tensors.enumerated() {
    check(
      tensor.shape == first.shape,
      "stack: tensor \(index) has shape \(tensor.shape), tensor 0 has \(first.shape)")
    dtype = dtype.promoted(with: tensor.dtype)
  }
  var index = 0
  return joined("stack", tensors, shape, dtype) { _ in
    var region = Region(shape)
    region.select(position, index)
    index += 1
    return region
  }
}

/// A tensor of `shape` that has each of `tensors` at the place that `region` gives.
private func joined(
  _ name: StaticString, _ tensors: [Tensor], _ shape: Shape, _ dtype: DType,
  _ region: (Tensor) -> Region
) -> Tensor {
  let result = Tensor(uninitialized: shape, dtype)
  var edges: [Edge?] = []
  for tensor in tensors {
    let region = region(tensor)
    region.of(result).assign(elementsOf: tensor)
    edges.append(tensor.edge(region.of))
  }
  return result.recorded(name, edges)
}

extension Tensor {
  /// Views of `sizes` elements each along `axis`, one after the other. Stops unless the sizes add
  /// up to that of the axis.
  public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
    let axis = shape.axis(axis, "split")
    check(
      sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == shape[axis],
      "split: sizes \(sizes) do not add up to axis \(axis) of shape \(shape)")
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return part(Region(shape, axis, from: start, count: size), "split")
    }
  }

  /// Views of `size` elements each along `axis`, one after the other; the last may have fewer.
  public func split(size: Int, axis: Int = 0) -> [Tensor] {
    let total = shape[shape.axis(axis, "split")]
    check(size > 0, "split: pieces of \(size) elements")
    let starts = stride(from: 0, to: Swift.max(1, total), by: size)
    return split(sizes: starts.map { Swift.min(size, total - $0) }, axis: axis)
  }

  /// At most `count` views along `axis`, all of one size but for the last, which may have fewer
  /// elements.
  public func chunked(_ count: Int, axis: Int = 0) -> [Tensor] {
    check(count > 0, "chunked: \(count) pieces")
    let total = shape[shape.axis(axis, "chunked")]
    return split(size: Swift.max(1, (total + count - 1) / count), axis: axis)
  }

  /// The views of all elements along `axis`, without that axis.
  public func unstacked(axis: Int = 0) -> [Tensor] {
    (0..<shape[shape.axis(axis, "unstacked")]).map { selected($0, axis: axis) }
  }
}
