import Diagnostics
import Elements
import Kernels

/// The rows of `weight`, a matrix, that `indices` (int64 or int32, of any shape) name: a row for
/// each index along a new last axis.
///
/// Gradients of a row that is named several times are added up. The row `paddingIndex`, which
/// may count from the end, gets no gradient. Stops for indices outside 0 ..< rows.
public func embedding(
  _ indices: Tensor, _ weight: Tensor, paddingIndex: Int? = nil
) -> Tensor {
  check(
    weight.axisCount == 2,
    "embedding: a weight of shape \(weight.shape); it must have rows and columns")
  let rows = weight.shape[0]
  let padding = paddingIndex.map { $0 < 0 ? $0 + rows : $0 }
  check(
    padding.map { (0..<rows).contains($0) } ?? true,
    "embedding: padding index \(paddingIndex ?? 0) for a weight of \(rows) rows")
  let places = indices.checkedPlaces(of: rows, 0, "embedding")
  var shape = indices.shape
  shape.append(weight.shape[1])
  let result = weight.detached().taking(places.arranged(as: [places.count]), 0, "embedding")
    .arranged(as: shape)
  return result.recorded(
    "embedding",
    weight.edge(into: { [places = Saved(places)] gradient, target, accumulating in
      target.addRows(
        of: gradient, at: places.value, 0, accumulating, skipping: padding ?? -1)
    }))
}

/// A tensor of int64 with a new last axis of `classes` elements, of which the one that the index
/// names is 1 and the others are 0. Stops for indices outside 0 ..< `classes`.
public func oneHot(_ indices: Tensor, classes: Int) -> Tensor {
  check(classes > 0, "oneHot: \(classes) classes")
  let places = indices.checkedPlaces(of: classes, indices.axisCount, "oneHot")
  var shape = indices.shape
  shape.append(classes)
  let result = Tensor.zeros(shape, .int64)
  let (numbers, target) = (places.pointer(Int64.self), result.pointer(Int64.self))
  for row in 0..<places.count { target[row * classes + Int(numbers[row])] = 1 }
  return result
}
