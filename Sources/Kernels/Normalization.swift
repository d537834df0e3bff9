import CKernels
import Elements
import Parallel

/// Layer normalisation of rows, or RMS normalisation where `mean` is nil (then without bias); see
/// `lk_layer_norm_rows`.
package func normalizeRows(
  rows: Int, _ x: RowOperand, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?,
  epsilon: Float, mean: UnsafeMutablePointer<Float>?, scale: UnsafeMutablePointer<Float>,
  into out: RowOperand
) {
  let columns = x.columns
  parallelRows(rows, columns, [x, out]) { first, count, at in
    if let mean {
      lk_layer_norm_rows(
        count, columns, at[0], weight, bias, epsilon, mean + first, scale + first, at[1])
    } else {
      lk_rms_norm_rows(count, columns, at[0], weight, epsilon, scale + first, at[1])
    }
  }
}

/// Rows whose shares of the gradients of weight and bias are added up in float.
private let fewRows = 32

/// The gradients of `normalizeRows`. Those of weight and bias, where wanted, are sums over rows:
/// each block of rows sums its own, a few in float and these in double, and the sums are added in
/// order.
package func normalizeRowsGradient(
  rows: Int, _ gradient: RowOperand, _ x: RowOperand, weight: UnsafePointer<Float>?,
  mean: UnsafePointer<Float>?, scale: UnsafePointer<Float>, into out: RowOperand,
  weightGradient: UnsafeMutablePointer<Float>?, biasGradient: UnsafeMutablePointer<Float>?
) {
  let columns = x.columns
  let blocks = RowBlocks(rows, columns)
  let width = 2 * columns
  withUnsafeTemporaryAllocation(of: Double.self, capacity: width * blocks.count + 1) { memory in
    guard let totals = memory.baseAddress else { return }
    totals.update(repeating: 0, count: width * blocks.count)
    blocks.forEach { block, first, count in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: width + 1) { memory in
        guard let sums = memory.baseAddress else { return }
        sums.update(repeating: 0, count: width)
        let dw = weightGradient == nil ? nil : sums
        let db = biasGradient == nil ? nil : sums + columns
        for few in stride(from: first, to: first + count, by: fewRows) {
          let end = min(few + fewRows, first + count)
          forEachRowBlock(few..<end, [gradient, x, out]) { first, count, at in
            if let mean {
              lk_layer_norm_gradient_rows(
                count, columns, at[0], at[1], weight, mean + first, scale + first, at[2], dw, db)
            } else {
              lk_rms_norm_gradient_rows(
                count, columns, at[0], at[1], weight, scale + first, at[2], dw)
            }
          }
          lk_fold_sums(width, sums, totals + width * block)
        }
      }
    }
    weightGradient.map { join(blocks.count, columns, totals, width, into: $0) }
    biasGradient.map { join(blocks.count, columns, totals + columns, width, into: $0) }
  }
}

/// `target` = the sums of the columns of `rows` rows, `stride` apart.
private func join(
  _ rows: Int, _ columns: Int, _ totals: UnsafePointer<Double>, _ stride: Int,
  into target: UnsafeMutablePointer<Float>
) {
  for column in 0..<columns {
    var sum = 0.0
    for row in 0..<rows { sum += totals[row * stride + column] }
    target[column] = Float(sum)
  }
}

/// A contiguous `[batch, channels, size]` array, for batch and group normalisation. Operands have a
/// row of `size` elements for each channel of each sample.
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
    _ x: RowOperand, mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>
  ) {
    forEachChannels([x]) { first, count, all, at in
      lk_channel_moments(
        batch, all, size, at[0], first.inArray, first.inArray + count, mean + first.skipped,
        variance + first.skipped)
    }
  }

  /// Every channel's sum of `g`, and of `g` times the deviation of `x` from `mean`.
  package func products(
    _ g: RowOperand, _ x: RowOperand, mean: UnsafePointer<Float>,
    sum: UnsafeMutablePointer<Float>, product: UnsafeMutablePointer<Float>
  ) {
    forEachChannels([g, x]) { first, count, all, at in
      lk_channel_products(
        batch, all, size, at[0], at[1], mean + first.skipped, first.inArray,
        first.inArray + count, sum + first.skipped, product + first.skipped)
    }
  }

  /// `out = (x - mean) * factor + shift`, each for its channel.
  package func affine(
    _ x: RowOperand, mean: UnsafePointer<Float>, factor: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, into out: RowOperand
  ) {
    forEachPart([x, out]) { channel, count, at in
      lk_channel_affine(
        1, count, size, at[0], mean + channel, factor + channel, shift + channel, at[1])
    }
  }

  /// `out = g * p + (x - mean) * q + r`, each for its channel.
  package func gradient(
    _ g: RowOperand, _ x: RowOperand, mean: UnsafePointer<Float>, p: UnsafePointer<Float>,
    q: UnsafePointer<Float>, r: UnsafePointer<Float>, into out: RowOperand
  ) {
    forEachPart([g, x, out]) { channel, count, at in
      lk_channel_gradient(
        1, count, size, at[0], at[1], mean + channel, p + channel, q + channel, r + channel, at[2])
    }
  }

  /// Calls `body` with the first and the number of some channels of all samples, how many channels
  /// there are beside each other in what it gets, and the values. That is the whole array, or where
  /// it must be converted, a copy of only those channels.
  private func forEachChannels<let operands: Int>(
    _ list: InlineArray<operands, RowOperand>,
    _ body: (
      _ first: (inArray: Int, skipped: Int), _ count: Int, _ all: Int,
      _ at: InlineArray<operands, UnsafeMutablePointer<Float>>
    ) -> Void
  ) {
    let isNarrow = list.indices.contains { list[$0].dtype.isNarrowFloat }
    let group = isNarrow ? max(1, 64 / max(1, size)) : channels
    parallelRows(channels, batch * size) { first, count in
      for channel in stride(from: first, to: first + count, by: max(1, group)) {
        let some = min(group, first + count - channel)
        if !isNarrow {
          body((channel, 0), some, channels, InlineArray { list[$0].floats(0) })
          continue
        }
        let strips = InlineArray<operands, RowOperand> {
          list[$0].from(channel * size, columns: some * size, stride: channels * size)
        }
        forEachRowBlock(0..<batch, strips, together: true) { body((0, channel), some, some, $2) }
      }
    }
  }

  /// Calls `body` with the first of some channels of one sample, their number and the values.
  private func forEachPart<let operands: Int>(
    _ list: InlineArray<operands, RowOperand>,
    _ body: (
      _ channel: Int, _ count: Int, _ at: InlineArray<operands, UnsafeMutablePointer<Float>>
    ) -> Void
  ) {
    func part(_ sample: Int, _ first: Int, _ count: Int) {
      let start = sample * channels
      forEachRowBlock((start + first)..<(start + first + count), list) { first, count, at in
        body(first - start, count, at)
      }
    }
    if batch == 1 {
      parallelRows(channels, size) { first, count in part(0, first, count) }
    } else {
      parallelRows(batch, channels * size) { first, count in
        for sample in first..<(first + count) { part(sample, 0, channels) }
      }
    }
  }
}
