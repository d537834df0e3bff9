import Diagnostics

// A loss of pairs takes one target for each prediction. It does not broadcast: [64, 1] against [64]
// would be 4,096 pairs, whose loss falls without the model learning anything.

/// Stops unless `prediction` and `target` are equal, and says how they become so.
func requirePairs(_ name: StaticString, _ prediction: Shape, _ target: Shape) {
  check(
    prediction == target,
    """
    \(name): prediction \(prediction) and target \(target) differ in shape; \
    \(mend(prediction, target))
    """)
}

/// Stops unless a weight of shape `weight` broadcasts to the losses of shape `losses`.
func requireWeight(
  _ name: StaticString, _ part: StaticString, _ weight: Shape, losses: Shape
) {
  check(
    broadcast(losses, weight, name) == losses,
    "\(name): \(part) \(weight) does not broadcast to the losses \(losses)")
}

private func mend(_ prediction: Shape, _ target: Shape) -> String {
  if let axis = axisOfOne(in: prediction, beyond: target) {
    return "use target.unsqueezed(\(axis)) or prediction.squeezed(\(axis))"
  }
  if let axis = axisOfOne(in: target, beyond: prediction) {
    return "use target.squeezed(\(axis)) or prediction.unsqueezed(\(axis))"
  }
  if stretches(target, to: prediction) { return "use target.expanded(to: prediction.shape)" }
  if stretches(prediction, to: target) { return "use prediction.expanded(to: target.shape)" }
  if prediction.elementCount == target.elementCount {
    return "if their elements are in the same order, use target.reshaped(prediction.shape)"
  }
  return "there must be one target for each prediction"
}

/// The axis of size 1 without which `shape` is `other`; nil where there is none.
private func axisOfOne(in shape: Shape, beyond other: Shape) -> Int? {
  shape.indices.last { axis in
    var rest = shape
    rest.remove(at: axis)
    return shape[axis] == 1 && rest == other
  }
}

/// Whether `shape` broadcasts to `target`.
private func stretches(_ shape: Shape, to target: Shape) -> Bool {
  shape.count <= target.count
    && zip(shape.reversed(), target.reversed()).allSatisfy { $0 == $1 || $0 == 1 }
}
