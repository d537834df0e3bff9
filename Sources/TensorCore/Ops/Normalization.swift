import Diagnostics
import Kernels

/// Layer normalisation: `(x - mean) / sqrt(variance + epsilon) * weight + bias`, mean and biased
/// variance taken over the last axes, those of `normalizedShape`.
///
/// `weight` and `bias`, where given, have the shape `normalizedShape`. Ba, Kiros and Hinton, 2016.
public func layerNorm(
  _ x: Tensor, _ normalizedShape: Shape, weight: Tensor? = nil, bias: Tensor? = nil,
  epsilon: Float = 1e-5
) -> Tensor {
  normalised("layerNorm", x, normalizedShape, weight, bias, epsilon, isCentred: true)
}

/// RMS normalisation: `x / sqrt(mean(x^2) + epsilon) * weight`, the mean taken over the last axes,
/// those of `normalizedShape`.
///
/// `weight`, where given, has the shape `normalizedShape`. Without `epsilon` it is the smallest
/// difference to 1, 1.2e-7. Zhang and Sennrich, 2019.
public func rmsNorm(
  _ x: Tensor, _ normalizedShape: Shape, weight: Tensor? = nil, epsilon: Float = .ulpOfOne
) -> Tensor {
  normalised("rmsNorm", x, normalizedShape, weight, nil, epsilon, isCentred: false)
}

private func normalised(
  _ name: StaticString, _ x: Tensor, _ normalizedShape: Shape, _ weight: Tensor?, _ bias: Tensor?,
  _ epsilon: Float, isCentred: Bool
) -> Tensor {
  if let cast = Autocast(name) {
    return cast.run {
      normalised(
        name, cast(x), normalizedShape, cast(weight), cast(bias), epsilon, isCentred: isCentred)
    }
  }
  x.requireFloat(name)
  check(
    !normalizedShape.isEmpty && x.rank >= normalizedShape.count
      && Shape(x.shape.suffix(normalizedShape.count)) == normalizedShape,
    "\(name): the last axes of an input \(x.shape) are not the normalised shape \(normalizedShape)")
  for (part, tensor) in [("weight", weight), ("bias", bias)] {
    guard let tensor else { continue }
    tensor.requireFloat(name)
    check(
      tensor.shape == normalizedShape,
      "\(name): \(part) \(tensor.shape) for the normalised shape \(normalizedShape)")
  }
  if x.dtype != .float32 || !isFloat32(weight) || !isFloat32(bias) {
    return normalised(
      name, x.converted(to: .float32), normalizedShape, weight?.converted(to: .float32),
      bias?.converted(to: .float32), epsilon, isCentred: isCentred
    ).converted(to: x.dtype)
  }
  let columns = normalizedShape.elementCount
  let rows = columns == 0 ? 0 : x.count / columns
  let (values, w, b) = (
    x.contiguousValues(), weight?.contiguousValues(), bias?.contiguousValues()
  )
  let result = Tensor(uninitialized: x.shape)
  let mean = isCentred ? Tensor(uninitialized: [rows]) : nil
  let scale = Tensor(uninitialized: [rows])
  normaliseRows(
    rows: rows, columns: columns, values.pointer(), weight: w?.pointer(), bias: b?.pointer(),
    epsilon: epsilon, mean: mean?.pointer(), scale: scale.pointer(), into: result.pointer())
  guard isGradientEnabled, x.node != nil || weight?.node != nil || bias?.node != nil else {
    return result
  }
  let (wantsWeight, wantsBias) = (weight?.node != nil, bias?.node != nil)
  let joint = JointGradient { [values = Saved(values), w = w.map { Saved($0) }] gradient in
    let gradient = gradient.contiguousValues()
    let share = Tensor(uninitialized: gradient.shape)
    let dw = wantsWeight ? Tensor(uninitialized: normalizedShape) : nil
    let db = wantsBias ? Tensor(uninitialized: normalizedShape) : nil
    normaliseRowsGradient(
      rows: rows, columns: columns, gradient.pointer(), values.value.pointer(),
      weight: w?.value.pointer(), mean: mean?.pointer(), scale: scale.pointer(),
      into: share.pointer(), weightGradient: dw?.pointer(), biasGradient: db?.pointer())
    return [share, dw, db]
  }
  return result.recorded(
    name,
    [
      x.edge { joint.share(0, of: $0) }, weight?.edge { joint.share(1, of: $0) },
      bias?.edge { joint.share(2, of: $0) },
    ])
}

func isFloat32(_ tensor: Tensor?) -> Bool { tensor.map { $0.dtype == .float32 } ?? true }
