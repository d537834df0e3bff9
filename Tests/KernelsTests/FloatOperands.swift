import Elements
import Kernels

// Kernels for rows of any type, called with arrays of floats.

private func rows(
  _ values: UnsafePointer<Float>, _ columns: Int, _ use: RowOperand.Use = .read
) -> RowOperand {
  RowOperand(UnsafeMutableRawPointer(mutating: values), .float32, columns: columns, use)
}

private func rows(
  _ values: UnsafeMutablePointer<Float>, _ columns: Int, accumulating: Bool = false
) -> RowOperand {
  rows(values, columns, accumulating ? .update : .write)
}

func moments(
  _ run: ReducedRun, _ source: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>,
  deviation: UnsafeMutablePointer<Float>
) {
  moments(run, rows(source, run.inner), mean: mean, deviation: deviation)
}

func cumulativeSum(
  _ run: ReducedRun, _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
  reversed: Bool
) {
  cumulativeSum(
    run, rows(source, run.inner), into: rows(target, run.inner), reversed: reversed)
}

func productGradient(
  rows count: Int, columns: Int, gradient: UnsafePointer<Float>, _ source: UnsafePointer<Float>,
  into target: UnsafeMutablePointer<Float>
) {
  productGradient(
    rows: count, gradient: gradient, rows(source, columns), hasZeros: true,
    into: rows(target, columns))
}

func normalizeRows(
  rows count: Int, columns: Int, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?,
  bias: UnsafePointer<Float>?, epsilon: Float, mean: UnsafeMutablePointer<Float>?,
  scale: UnsafeMutablePointer<Float>, into out: UnsafeMutablePointer<Float>
) {
  normalizeRows(
    rows: count, rows(x, columns), weight: weight, bias: bias, epsilon: epsilon, mean: mean,
    scale: scale, into: rows(out, columns))
}

func normalizeRowsGradient(
  rows count: Int, columns: Int, _ gradient: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  weight: UnsafePointer<Float>?, mean: UnsafePointer<Float>?, scale: UnsafePointer<Float>,
  into out: UnsafeMutablePointer<Float>, weightGradient: UnsafeMutablePointer<Float>?,
  biasGradient: UnsafeMutablePointer<Float>?
) {
  normalizeRowsGradient(
    rows: count, rows(gradient, columns), rows(x, columns), weight: weight, mean: mean,
    scale: scale, into: rows(out, columns), weightGradient: weightGradient,
    biasGradient: biasGradient)
}

extension Channels {
  func moments(
    _ x: UnsafePointer<Float>, size: Int, mean: UnsafeMutablePointer<Float>,
    variance: UnsafeMutablePointer<Float>
  ) {
    moments(rows(x, size), mean: mean, variance: variance)
  }

  func products(
    _ g: UnsafePointer<Float>, _ x: UnsafePointer<Float>, size: Int, mean: UnsafePointer<Float>,
    sum: UnsafeMutablePointer<Float>, product: UnsafeMutablePointer<Float>
  ) {
    products(rows(g, size), rows(x, size), mean: mean, sum: sum, product: product)
  }

  func affine(
    _ x: UnsafePointer<Float>, size: Int, mean: UnsafePointer<Float>,
    factor: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    affine(rows(x, size), mean: mean, factor: factor, shift: shift, into: rows(out, size))
  }

  func gradient(
    _ g: UnsafePointer<Float>, _ x: UnsafePointer<Float>, size: Int, mean: UnsafePointer<Float>,
    p: UnsafePointer<Float>, q: UnsafePointer<Float>, r: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    gradient(
      rows(g, size), rows(x, size), mean: mean, p: p, q: q, r: r, into: rows(out, size))
  }
}

extension Convolution {
  func forward(
    _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    into result: UnsafeMutablePointer<Float>, accumulating: Bool, scratch: Scratch
  ) {
    forward(
      rows(x, input.count), rows(weights, taps), bias: bias,
      into: rows(result, output.count, accumulating: accumulating), accumulating: accumulating,
      scratch: scratch)
  }

  func inputGradient(
    _ gradient: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    into result: UnsafeMutablePointer<Float>, accumulating: Bool, scratch: Scratch
  ) {
    inputGradient(
      rows(gradient, output.count), rows(weights, taps),
      into: rows(result, input.count, accumulating: accumulating), accumulating: accumulating,
      scratch: scratch)
  }

  func weightGradient(
    _ gradient: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
    into result: UnsafeMutablePointer<Float>, accumulating: Bool, scratch: Scratch
  ) {
    weightGradient(
      rows(gradient, output.count), rows(x, input.count),
      into: rows(result, inputs * kernel.count, accumulating: accumulating),
      accumulating: accumulating, scratch: scratch)
  }
}
