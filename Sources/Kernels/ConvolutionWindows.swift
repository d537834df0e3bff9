import CKernels

extension Convolution {
  /// Provides scratch memory for some values, until the call that asked for it returns.
  package typealias Scratch = (_ count: Int) -> UnsafeMutablePointer<Float>

  /// `result (+)= convolution of x with weights (+ bias)`. Images have a row for each plane, weights
  /// for each output channel, here and in the functions below.
  package func forward(
    _ x: RowOperand, _ weights: RowOperand, bias: UnsafePointer<Float>?,
    into result: RowOperand, accumulating: Bool = false, scratch: Scratch
  ) {
    let sums = WindowSums(
      batch: batch, groups: isDepthwise ? 1 : groups, isByLane: isDepthwise, source: paddedInput,
      channels: isDepthwise ? groups : outputs, plane: output, steps: taps, places: false,
      pieces: pieces(blocks: blocks(of: outputs), atMost: 16))
    sums.run(x, bias: bias, into: result, accumulating: accumulating, scratch: scratch) { tables in
      fillPixels(tables.rows)
      fillTaps(tables.steps)
      for block in 0..<sums.blocks {
        let channels = sums.channels(of: block)
        forEachRowBlock(channels, [weights], together: true) { _, count, at in
          lk_lanes_from_rows(count, taps, at[0], taps, tables.weights + block * taps * lanes, lanes)
        }
      }
      return [Phase(rows: 0..<output.count, run: runOfPixels, steps: 0..<taps)]
    }
  }

  /// `result (+)= the gradient of the input, given that of the output (+ bias)`: a transposed
  /// convolution.
  ///
  /// An input pixel meets the taps that lead from it to whole output pixels. Which those are
  /// depends on its position modulo the stride: each such phase is a convolution of its own, with
  /// stride 1.
  package func inputGradient(
    _ gradient: RowOperand, _ weights: RowOperand, bias: UnsafePointer<Float>? = nil,
    into result: RowOperand, accumulating: Bool = false, scratch: Scratch
  ) {
    let rows = axisPhases(
      input: input.height, kernel: kernel.height, stride: stride.height, padding: padding.height,
      dilation: dilation.height)
    let columns = axisPhases(
      input: input.width, kernel: kernel.width, stride: stride.width, padding: padding.width,
      dilation: dilation.width)
    let (vertical, horizontal) = (reach(rows), reach(columns))
    let padded = Plane(vertical.count, horizontal.count)
    let source = PaddedImages(
      channels: outputs, plane: output, padded: padded, top: -vertical.lowerBound,
      left: -horizontal.lowerBound)
    let sums = WindowSums(
      batch: batch, groups: isDepthwise ? 1 : groups, isByLane: isDepthwise, source: source,
      channels: isDepthwise ? groups : inputs, plane: input, steps: outputs * kernel.count,
      places: stride != Plane(1, 1),
      pieces: pieces(blocks: blocks(of: inputs), atMost: 16))
    sums.run(
      gradient, bias: bias, into: result, accumulating: accumulating, scratch: scratch
    ) { tables in
      var phases: [Phase] = []
      var (row, step) = (0, 0)
      for vertical in rows {
        for horizontal in columns {
          let (firstRow, firstStep) = (row, step)
          for y in 0..<vertical.count {
            for x in 0..<horizontal.count {
              tables.rows[row] = Int32(y * padded.width + x)
              if sums.places {
                tables.places[row] = Int32(
                  (vertical.first + y * stride.height) * input.width + horizontal.first
                    + x * stride.width)
              }
              row += 1
            }
          }
          for output in 0..<outputs {
            for y in vertical.taps {
              for x in horizontal.taps {
                tables.steps[step] = Int32(
                  output * padded.count + (y.shift + source.top) * padded.width + x.shift
                    + source.left)
                pack(
                  weights, output, tap: y.tap * kernel.width + x.tap,
                  into: tables.weights + step * lanes, sums)
                step += 1
              }
            }
          }
          phases.append(
            Phase(
              rows: firstRow..<row, run: max(1, horizontal.count), steps: firstStep..<step))
        }
      }
      return phases
    }
  }

  /// Writes the weights between output channel `output` of each group, at `tap`, and all input
  /// channels.
  private func pack(
    _ weights: RowOperand, _ output: Int, tap: Int, into packed: UnsafeMutablePointer<Float>,
    _ sums: WindowSums
  ) {
    let blocksOfGroup = blockCount(sums.channels)
    for block in 0..<sums.blocks {
      let target = packed + block * sums.steps * lanes
      let first = block % blocksOfGroup * lanes
      let count = min(lanes, sums.channels - first)
      let row = block / blocksOfGroup * outputs + output
      weights.from(row * taps + tap + first * kernel.count, columns: 1, stride: kernel.count)
        .load(0, count, into: target)
      for lane in count..<lanes { target[lane] = 0 }
    }
  }
}

/// The input positions along one axis with one remainder modulo the stride.
private struct AxisPhase {
  /// The first such position.
  var first: Int
  /// How many there are.
  var count: Int
  /// The taps that meet them, and the output position where they lead the first one.
  var taps: [(tap: Int, shift: Int)]
}

private func axisPhases(
  input: Int, kernel: Int, stride: Int, padding: Int, dilation: Int
) -> [AxisPhase] {
  (0..<min(stride, input)).map { first in
    let taps = (0..<kernel).compactMap { tap -> (tap: Int, shift: Int)? in
      let distance = first + padding - tap * dilation
      return distance % stride == 0 ? (tap, distance / stride) : nil
    }
    return AxisPhase(first: first, count: (input - first + stride - 1) / stride, taps: taps)
  }
}

/// The output positions that `phases` meet, most of them real and some of them padding.
private func reach(_ phases: [AxisPhase]) -> Range<Int> {
  var (lower, upper) = (0, 1)
  for phase in phases {
    for tap in phase.taps {
      lower = min(lower, tap.shift)
      upper = max(upper, tap.shift + phase.count)
    }
  }
  return lower..<upper
}
