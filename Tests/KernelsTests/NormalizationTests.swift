import Elements
import Kernels
import Testing
import TestSupport

/// `rows` rows of the plain formulas, in Double.
private struct PlainNorm {
  let x: [[Double]], weight: [Double], bias: [Double], epsilon: Double, isCentered: Bool

  func row(_ row: [Double]) -> (normalized: [Double], scale: Double) {
    let mean = isCentered ? row.reduce(0, +) / Double(row.count) : 0
    let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
    let scale = 1 / (variance + epsilon).squareRoot()
    return (row.map { ($0 - mean) * scale }, scale)
  }

  var output: [Double] {
    x.flatMap { zip(zip(row($0).normalized, weight), bias).map { $0.0 * $0.1 + $1 } }
  }

  func gradients(_ g: [[Double]]) -> (x: [Double], weight: [Double], bias: [Double]) {
    var (dx, dw, db) = ([Double](), weight.map { _ in 0.0 }, weight.map { _ in 0.0 })
    for (x, g) in zip(x, g) {
      let (y, scale) = row(x)
      let gw = zip(g, weight).map { $0 * $1 }
      let level = isCentered ? gw.reduce(0, +) / Double(g.count) : 0
      let tilt = zip(gw, y).reduce(0) { $0 + $1.0 * $1.1 } / Double(g.count)
      for column in g.indices {
        dx.append(scale * (gw[column] - level - y[column] * tilt))
        dw[column] += g[column] * y[column]
        db[column] += g[column]
      }
    }
    return (dx, dw, db)
  }
}

private func rows(_ values: [Float], _ columns: Int) -> [[Double]] {
  stride(from: 0, to: values.count, by: columns).map { start in
    values[start..<(start + columns)].map { Double($0) }
  }
}

@Suite struct NormalizationTests {
  @Test(arguments: [true, false])
  func rowsAndTheirGradients(_ isCentered: Bool) {
    for (count, columns) in [(1, 1), (3, 7), (5, 16), (3, 33), (40, 128), (300, 65), (7, 1000)] {
      let (x, g) = (randomValues(count * columns), randomValues(count * columns, seed: 2))
      let weight = randomValues(columns, seed: 3)
      let bias = isCentered ? randomValues(columns, seed: 4) : [Float](repeating: 0, count: columns)
      let plain = PlainNorm(
        x: rows(x, columns), weight: weight.map { Double($0) }, bias: bias.map { Double($0) },
        epsilon: 0.5, isCentered: isCentered)
      var (y, mean, scale) = (
        x, [Float](repeating: 0, count: count), [Float](repeating: 0, count: count)
      )
      var (dx, dw, db) = (x, weight, bias)
      mean.withUnsafeMutableBufferPointer { mean in
        normalizeRows(
          rows: count, columns: columns, x, weight: weight, bias: isCentered ? bias : nil,
          epsilon: 0.5, mean: isCentered ? mean.baseAddress : nil, scale: &scale, into: &y)
        db.withUnsafeMutableBufferPointer { db in
          normalizeRowsGradient(
            rows: count, columns: columns, g, x, weight: weight,
            mean: isCentered ? UnsafePointer(mean.baseAddress) : nil, scale: scale, into: &dx,
            weightGradient: &dw, biasGradient: isCentered ? db.baseAddress : nil)
        }
      }
      let exact = plain.gradients(rows(g, columns))
      let place = "\(count) rows of \(columns)"
      expectClose(y, to: plain.output, within: .sum(of: 16), place)
      expectClose(dx, to: exact.x, within: .sum(of: 64), place)
      expectClose(dw, to: exact.weight, within: .sum(of: count * 16), place)
      if isCentered { expectClose(db, to: exact.bias, within: .sum(of: count * 16), place) }
    }
  }

  /// Channels against rows: the transpose of a `[rows, channels]` array, and the same as planes.
  @Test(arguments: [(4, 3, 1), (33, 20, 1), (3, 5, 7), (2, 17, 40), (1, 6, 100)])
  func channels(_ batch: Int, _ channels: Int, _ size: Int) {
    let count = batch * channels * size
    let (x, g) = (randomValues(count), randomValues(count, seed: 2))
    let layout = Channels(batch: batch, channels: channels, size: size)
    let indices = (0..<channels).map { channel in
      (0..<count).filter { $0 / size % channels == channel }
    }
    var (mean, variance) = (
      [Float](repeating: 0, count: channels), [Float](repeating: 0, count: channels)
    )
    layout.moments(x, size: size, mean: &mean, variance: &variance)
    let exact = indices.map { places -> (mean: Double, variance: Double) in
      let values = places.map { Double(x[$0]) }
      let mean = values.reduce(0, +) / Double(values.count)
      return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
    }
    expectClose(mean, to: exact.map(\.mean), within: .sum(of: 16))
    expectClose(variance, to: exact.map(\.variance), within: .sum(of: 16))

    var (sum, product) = (mean, mean)
    layout.products(g, x, size: size, mean: mean, sum: &sum, product: &product)
    expectClose(
      sum, to: indices.map { $0.reduce(0.0) { $0 + Double(g[$1]) } }, within: .sum(of: count))
    let products = indices.indices.map { channel in
      indices[channel].reduce(0.0) { $0 + Double(g[$1]) * Double(x[$1] - mean[channel]) }
    }
    expectClose(product, to: products, within: .sum(of: count))

    let (p, q, r) = (
      randomValues(channels, seed: 5), randomValues(channels, seed: 6),
      randomValues(channels, seed: 7)
    )
    var (affine, gradient) = (x, x)
    layout.affine(x, size: size, mean: mean, factor: p, shift: q, into: &affine)
    layout.gradient(g, x, size: size, mean: mean, p: p, q: q, r: r, into: &gradient)
    let channel = (0..<count).map { $0 / size % channels }
    let deviations = (0..<count).map { Double(x[$0] - mean[channel[$0]]) }
    expectClose(
      affine,
      to: (0..<count).map { deviations[$0] * Double(p[channel[$0]]) + Double(q[channel[$0]]) },
      within: .float32)
    expectClose(
      gradient,
      to: (0..<count).map {
        Double(g[$0]) * Double(p[channel[$0]]) + deviations[$0] * Double(q[channel[$0]])
          + Double(r[channel[$0]])
      }, within: .float32)
  }
}
