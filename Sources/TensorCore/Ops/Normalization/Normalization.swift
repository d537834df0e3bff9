import Diagnostics
import Elements
import Kernels

/// Layer normalisation: `(x - mean) / sqrt(variance + epsilon) * weight + bias`, mean and biased
/// variance taken over the last axes, those of `normalizedShape`.
///
/// `weight` and `bias`, where given, have the shape `normalizedShape`; their type may differ from
/// that of `x`, which is the result's. Ba, Kiros and Hinton, 2016.
public func layerNorm(
  _ x: Tensor, _ normalizedShape: Shape, weight: Tensor? = nil, bias: Tensor? = nil,
  epsilon: Float = 1e-5
) -> Tensor {
  normalized("layerNorm", x, normalizedShape, weight, bias, epsilon, isCentered: true)
}

/// RMS normalisation: `x / sqrt(mean(x^2) + epsilon) * weight`, the mean taken over the last axes,
/// those of `normalizedShape`.
///
/// `weight`, where given, has the shape `normalizedShape`. Without `epsilon` it is the smallest
/// difference to 1, 1.2e-7. Zhang and Sennrich, 2019.
public func rmsNorm(
  _ x: Tensor, _ normalizedShape: Shape, weight: Tensor? = nil, epsilon: Float = .ulpOfOne
) -> Tensor {
  normalized("rmsNorm", x, normalizedShape, weight, nil, epsilon, isCentered: false)
}

private func normalized(
  _ name: StaticString, _ x: Tensor, _ normalizedShape: Shape, _ weight: Tensor?, _ bias: Tensor?,
  _ epsilon: Float, isCentered: Bool
) -> Tensor {
  if let cast = Autocast(name) {
    return cast.run {
      normalized(
        name, cast(x), normalizedShape, cast(weight), cast(bias), epsilon, isCentered: isCentered)
    }
  }
  x.requireFloat(name)
  check(epsilon.isFinite, "\(name): epsilon \(epsilon) is not finite")
  check(
    !normalizedShape.isEmpty && x.axisCount >= normalizedShape.count
      && Shape(x.shape.suffix(normalizedShape.count)) == normalizedShape,
    "\(name): the last axes of an input \(x.shape) are not the normalised shape \(normalizedShape)")
  for (part, tensor) in [("weight", weight), ("bias", bias)] {
    guard let tensor else { continue }
    tensor.requireFloat(name)
    check(
      tensor.shape == normalizedShape,
      "\(name): \(part) \(tensor.shape) for the normalised shape \(normalizedShape)")
  }
  let columns = normalizedShape.elementCount
  let rows = columns == 0 ? 0 : x.count / columns
  let (values, w, b) = (x.contiguousValues(), weight?.wideValues, bias?.wideValues)
  let result = Tensor(uninitialized: x.shape, x.dtype)
  let mean = isCentered ? Tensor(uninitialized: [rows]) : nil
  let scale = Tensor(uninitialized: [rows])
  normalizeRows(
    rows: rows, values.rows(columns), weight: w?.pointer(), bias: b?.pointer(), epsilon: epsilon,
    mean: mean?.pointer(), scale: scale.pointer(), into: result.rows(columns, .write))
  guard isGradientEnabled, x.node != nil || weight?.node != nil || bias?.node != nil else {
    return result
  }
  let (wantsWeight, wantsBias) = (weight?.node != nil, bias?.node != nil)
  let joint = JointGradient { [values = Saved(values), w = weight.map { Saved($0) }] gradient in
    let (gradient, w) = (gradient.contiguousValues(), w?.value.wideValues)
    let share = Tensor(uninitialized: gradient.shape, gradient.dtype)
    let dw = wantsWeight ? Tensor(uninitialized: normalizedShape) : nil
    let db = wantsBias ? Tensor(uninitialized: normalizedShape) : nil
    normalizeRowsGradient(
      rows: rows, gradient.rows(columns), values.value.rows(columns), weight: w?.pointer(),
      mean: mean?.pointer(), scale: scale.pointer(), into: share.rows(columns, .write),
      weightGradient: dw?.pointer(), biasGradient: db?.pointer())
    withExtendedLifetime(w) {}
    return [share, dw, db]
  }
  return result.recorded(
    name,
    [
      x.edge { joint.share(0, of: $0) }, weight?.edge { joint.share(1, of: $0) },
      bias?.edge { joint.share(2, of: $0) },
    ])
}
