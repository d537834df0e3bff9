import CKernels

/// Layer normalisation of rows, or RMS normalisation where `mean` is nil (then without bias); see
/// `lk_layer_norm_rows`.
package func normaliseRows(
  rows: Int, columns: Int, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?,
  bias: UnsafePointer<Float>?, epsilon: Float, mean: UnsafeMutablePointer<Float>?,
  scale: UnsafeMutablePointer<Float>, into out: UnsafeMutablePointer<Float>
) {
  parallelRows(rows, columns) { first, count in
    let start = first * columns
    if let mean {
      lk_layer_norm_rows(
        count, columns, x + start, weight, bias, epsilon, mean + first, scale + first, out + start)
    } else {
      lk_rms_norm_rows(count, columns, x + start, weight, epsilon, scale + first, out + start)
    }
  }
}

/// The gradients of `normaliseRows`. Those of weight and bias, where wanted, are sums over rows:
/// each block of rows sums its own, and the sums are added in order.
package func normaliseRowsGradient(
  rows: Int, columns: Int, _ gradient: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  weight: UnsafePointer<Float>?, mean: UnsafePointer<Float>?, scale: UnsafePointer<Float>,
  into out: UnsafeMutablePointer<Float>, weightGradient: UnsafeMutablePointer<Float>?,
  biasGradient: UnsafeMutablePointer<Float>?
) {
  let blocks = RowBlocks(rows, columns)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * columns * blocks.count + 1) {
    guard let sums = $0.baseAddress else { return }
    sums.update(repeating: 0, count: 2 * columns * blocks.count)
    blocks.forEach { block, first, count in
      let start = first * columns
      let dw = weightGradient == nil ? nil : sums + 2 * columns * block
      let db = biasGradient == nil ? nil : sums + 2 * columns * block + columns
      if let mean {
        lk_layer_norm_gradient_rows(
          count, columns, gradient + start, x + start, weight, mean + first, scale + first,
          out + start, dw, db)
      } else {
        lk_rms_norm_gradient_rows(
          count, columns, gradient + start, x + start, weight, scale + first, out + start, dw)
      }
    }
    if let weightGradient {
      lk_sum_columns(blocks.count, columns, sums, 2 * columns, weightGradient, false)
    }
    if let biasGradient {
      lk_sum_columns(blocks.count, columns, sums + columns, 2 * columns, biasGradient, false)
    }
  }
}

/// A contiguous `[batch, channels, size]` array, for batch and group normalisation.
package struct Channels {
  private let batch: Int
  private let channels: Int
  private let size: Int

  /// An array of these sizes.
  package init(batch: Int, channels: Int, size: Int) {
    self.batch = batch
    self.channels = channels
    self.size = size
  }

  /// The mean and biased variance of every channel.
  package func moments(
    _ x: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>,
    variance: UnsafeMutablePointer<Float>
  ) {
    parallelRows(channels, batch * size) { first, count in
      lk_channel_moments(batch, channels, size, x, first, first + count, mean, variance)
    }
  }

  /// Every channel's sum of `g`, and of `g` times the deviation of `x` from `mean`.
  package func products(
    _ g: UnsafePointer<Float>, _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>,
    sum: UnsafeMutablePointer<Float>, product: UnsafeMutablePointer<Float>
  ) {
    parallelRows(channels, batch * size) { first, count in
      lk_channel_products(batch, channels, size, g, x, mean, first, first + count, sum, product)
    }
  }

  /// `out = (x - mean) * factor + shift`, each for its channel.
  package func affine(
    _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>, factor: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    forEachPart { batch, channels, start, channel in
      lk_channel_affine(
        batch, channels, size, x + start, mean + channel, factor + channel, shift + channel,
        out + start)
    }
  }

  /// `out = g * p + (x - mean) * q + r`, each for its channel.
  package func gradient(
    _ g: UnsafePointer<Float>, _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>,
    p: UnsafePointer<Float>, q: UnsafePointer<Float>, r: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    forEachPart { batch, channels, start, channel in
      lk_channel_gradient(
        batch, channels, size, g + start, x + start, mean + channel, p + channel, q + channel,
        r + channel, out + start)
    }
  }

  /// Parts of the batch, or of the channels where there is no batch.
  private func forEachPart(
    _ body: (_ batch: Int, _ channels: Int, _ start: Int, _ firstChannel: Int) -> Void
  ) {
    if batch == 1 {
      parallelRows(channels, size) { first, count in body(1, count, first * size, first) }
    } else {
      parallelRows(batch, channels * size) { first, count in
        body(count, channels, first * channels * size, 0)
      }
    }
  }
}
