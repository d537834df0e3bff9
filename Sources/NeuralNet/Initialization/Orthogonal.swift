import Diagnostics
public import TensorCore

extension Initialization {
  /// Rows, or columns where there are fewer, that are orthogonal to each other and of length
  /// `gain`; all axes after the first count as columns. Saxe et al., 2013.
  ///
  /// Stops for tensors of fewer than two axes.
  public static func orthogonal(
    _ weight: Tensor, gain: Float = 1, generator: Generator = .default
  ) {
    requireGain("orthogonal", gain)
    check(
      weight.axisCount >= 2 && weight.count > 0,
      "orthogonal: a weight of shape \(weight.shape); it must be [outputs, inputs, …]")
    let (rows, columns) = (weight.shape[0], weight.count / weight.shape[0])
    let (count, length) = (Swift.min(rows, columns), Swift.max(rows, columns))
    let vectors = Tensor(
      orthonormalized(Tensor.normal([count, length], generator: generator).floats, length))
    let matrix = rows <= columns ? vectors : vectors.transposed()
    noGrad { weight.assign((matrix * gain).reshaped(weight.shape)) }
  }

  /// The vectors of `length` numbers in `values`, made orthogonal to each other and of length 1 by
  /// the method of Gram and Schmidt, twice for accuracy.
  private static func orthonormalized(_ values: [Float], _ length: Int) -> [[Float]] {
    var basis: [[Double]] = []
    for start in stride(from: 0, to: values.count, by: length) {
      var vector = values[start..<(start + length)].map(Double.init)
      for _ in 0..<2 {
        for other in basis {
          let overlap = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
          for index in vector.indices { vector[index] -= overlap * other[index] }
        }
      }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      basis.append(vector.map { $0 / norm })
    }
    return basis.map { $0.map { Float($0) } }
  }
}
