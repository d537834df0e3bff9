public import TensorCore
public import Testing

/// Random values in `range`, multiples of 2⁻¹⁰: steps of `checkGradients` away from them are exact.
public func gridValues(
  _ shape: Shape, in range: ClosedRange<Float> = -2...2, seed: UInt64 = 1
) -> Tensor {
  let values = Tensor.uniform(shape, in: range, generator: Generator(seed: seed)).floats
  return Tensor(values.map { ($0 * 1024).rounded() / 1024 }, shape: shape)
}

/// Records an issue where a gradient that `backward` finds for `function` at `inputs` is wrong; see
/// `gradientError`.
public func checkGradients(
  at inputs: [Tensor], tolerance: Double = 5e-5,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: ([Tensor]) throws -> Tensor
) rethrows {
  if let error = try gradientError(at: inputs, tolerance: tolerance, function) {
    Issue.record("\(error)", sourceLocation: sourceLocation)
  }
}

/// What is wrong with the gradients that `backward` finds for `function` at `inputs`, compared with
/// finite differences; nil where nothing is.
///
/// The result is multiplied by random numbers and summed in Double. Along a direction the slope of
/// that scalar is taken from four points, `(8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h`, whose
/// error is h⁴ / 30 of the fifth derivative; with h = 2⁻⁵ that is below what Float32 rounds.
/// Directions are the axes of inputs of at most 32 elements, and 24 vectors of random signs for
/// larger ones.
///
/// A slope may differ by `tolerance * (1 + |slope|)`. Keep inputs 2⁻⁴ away from kinks and poles.
public func gradientError(
  at inputs: [Tensor], tolerance: Double = 5e-5, _ function: ([Tensor]) throws -> Tensor
) rethrows -> String? {
  let leaves = inputs.map { Tensor($0.floats, shape: $0.shape) }
  for leaf in leaves { leaf.requiresGrad = true }
  let result = try function(leaves)
  let weights = Tensor.uniform(result.shape, in: -1...1, generator: Generator(seed: 99))
  result.backward(gradient: weights)

  for (index, leaf) in leaves.enumerated() {
    let gradient = leaf.grad?.floats ?? Array(repeating: 0, count: leaf.count)
    let all = directions(leaf.count)
    let slopes = try all.map { direction in
      try slope(along: direction, from: leaf.floats) { values in
        var moved = leaves.map { $0.detached() }
        moved[index] = Tensor(values, shape: leaf.shape)
        return weightedSum(try function(moved), weights)
      }
    }
    let found = all.map { zip(gradient, $0).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
    let bound = Tolerance(relative: tolerance, absolute: tolerance)
    if let wrong = difference(found, slopes, bound) {
      return "slope of input \(index), shape \(leaf.shape), in \(all.count) directions: \(wrong)"
    }
  }
  return nil
}

private func weightedSum(_ values: Tensor, _ weights: Tensor) -> Double {
  zip(values.floats, weights.floats).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

private func slope(
  along direction: [Float], from point: [Float], _ function: ([Float]) throws -> Double
) rethrows -> Double {
  let step: Float = 0x1p-5
  func value(_ steps: Float) throws -> Double {
    try function(zip(point, direction).map { $0 + steps * step * $1 })
  }
  let near = try value(1) - value(-1)
  let far = try value(2) - value(-2)
  return (8 * near - far) / (12 * Double(step))
}

private func directions(_ count: Int) -> [[Float]] {
  if count <= 32 {
    return (0..<count).map { axis in (0..<count).map { $0 == axis ? 1 : 0 } }
  }
  let generator = Generator(seed: 7)
  return (0..<24).map { _ in
    Tensor.uniform([count], in: -1...1, generator: generator).floats.map { $0 < 0 ? -1 : 1 }
  }
}
