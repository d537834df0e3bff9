import CKernels
import Parallel

/// Destination pixels whose sums run over the same steps.
struct Phase {
  var rows: Range<Int>
  /// Pixels whose windows lie one after the other: `rows` are whole runs of so many.
  var run: Int
  var steps: Range<Int>

  /// Calls `body` for bands of at most `size` rows with the length of their runs: whole ones, or a
  /// part of one.
  func forEachBand(ofAtMost size: Int, _ body: (_ rows: Range<Int>, _ run: Int) -> Void) {
    let runs = max(1, size / run) * run
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: runs) {
      let end = min(rows.upperBound, first + runs)
      for row in stride(from: first, to: end, by: size) {
        let band = row..<min(end, row + size)
        body(band, min(run, band.count))
      }
    }
  }
}

/// Tables that tell `lk_convolve_rows` what to multiply.
struct WindowTables {
  /// For each destination pixel, phase by phase: where its window begins in the padded source.
  let rows: UnsafeMutablePointer<Int32>
  /// For each destination pixel: where it lies in its plane. Only where `WindowSums.places`.
  let places: UnsafeMutablePointer<Int32>
  /// For each step, phase by phase: where it lies in the window.
  let steps: UnsafeMutablePointer<Int32>
  /// For each block of destination channels and each step: 16 weights.
  let weights: UnsafeMutablePointer<Float>
}

/// Sums over windows of padded images: the forward pass of a convolution and the gradient of its
/// input.
struct WindowSums {
  let batch: Int
  let groups: Int
  /// Whether a destination channel is computed from the source channel of its own number alone.
  let isByLane: Bool
  let source: PaddedImages
  /// Destination channels of a group.
  let channels: Int
  /// The destination's plane.
  let plane: Plane
  /// Steps of all phases together.
  let steps: Int
  /// Whether destination pixels are computed in another order than they lie.
  let places: Bool
  let pieces: (images: Int, blocks: Int)

  /// Blocks of destination channels of all groups.
  var blocks: Int { groups * blockCount(channels) }

  /// The destination channels of `block`, counted over all groups.
  func channels(of block: Int) -> Range<Int> {
    let ofGroup = blockCount(channels)
    let group = block / ofGroup
    let first = group * channels + block % ofGroup * lanes
    return first..<min(first + lanes, (group + 1) * channels)
  }

  /// Destination pixels, and steps, that are computed at a time: their sums and weights stay in the
  /// first-level cache.
  private static let (band, depth) = (96, 288)

  /// Computes all sums with the tables and phases that `prepare` makes. Operands have a row for each
  /// plane; what is not float32 is converted with its windows, and a block of channels at a time.
  func run(
    _ x: RowOperand, bias: UnsafePointer<Float>?, into result: RowOperand, accumulating: Bool,
    scratch: Convolution.Scratch, prepare: (WindowTables) -> [Phase]
  ) {
    let sizes = [
      roundedUp(plane.count), places ? roundedUp(plane.count) : 0, roundedUp(steps),
      blocks * steps * lanes,
    ]
    let sourceSize = isByLane ? source.laneScratchCount : source.scratchCount
    let planesSize = x.isCopied ? (isByLane ? lanes : source.channels) * source.plane.count : 0
    let sumsSize = sourceSize + Self.band * lanes
    let pieceSize = sumsSize + planesSize + (result.isCopied ? lanes * plane.count : 0)
    let memory = scratch(sizes.reduce(0, +) + pieces.images * pieces.blocks * pieceSize)
    let weights = memory + sizes[0] + sizes[1] + sizes[2]
    let integers = UnsafeMutableRawPointer(memory).bindMemory(
      to: Int32.self, capacity: sizes[0] + sizes[1] + sizes[2])
    let tables = WindowTables(
      rows: integers, places: integers + sizes[0], steps: integers + sizes[0] + sizes[1],
      weights: weights)
    let phases = prepare(tables)
    parallelFor(pieces.images * pieces.blocks) { piece in
      let images = part(piece / pieces.blocks, of: pieces.images, batch)
      let blocks = part(piece % pieces.blocks, of: pieces.blocks, self.blocks)
      let padded = weights + sizes[3] + piece * pieceSize
      let planes = padded + sumsSize
      for image in images {
        var (group, window) = (-1, UnsafePointer(padded))
        for block in blocks {
          let channels = channels(of: block)
          let first = image * groups * self.channels + channels.lowerBound
          if isByLane {
            let values = x.values(first, channels.count, in: planes)
            window = source.padLanes(channels.count, values, padded)
          } else if block / blockCount(self.channels) != group {
            group = block / blockCount(self.channels)
            let first = (image * groups + group) * source.channels
            window = source.pad(x.values(first, source.channels, in: planes), padded)
          }
          let target = result.isCopied ? planes + planesSize : result.floats(first)
          if result.isCopied, accumulating { result.load(first, channels.count, into: target) }
          for phase in phases {
            compute(
              phase, tables, block: block, window, sums: padded + sourceSize,
              bias: bias.map { $0 + channels.lowerBound }, channels: channels.count,
              into: target, accumulating: accumulating)
          }
          if result.isCopied { result.store(first, channels.count, from: target) }
        }
      }
    }
  }

  private func compute(
    _ phase: Phase, _ tables: WindowTables, block: Int, _ window: UnsafePointer<Float>,
    sums: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>?, channels: Int,
    into result: UnsafeMutablePointer<Float>, accumulating: Bool
  ) {
    phase.forEachBand(ofAtMost: Self.band) { rows, run in
      let row = rows.lowerBound
      var step = phase.steps.lowerBound
      repeat {  // once even without steps: the sum of nothing is 0
        let depth = min(Self.depth, phase.steps.upperBound - step)
        (isByLane ? lk_convolve_lanes : lk_convolve_rows)(
          rows.count, run, tables.rows + row, depth, tables.steps + step, window,
          tables.weights + (block * steps + step) * lanes, sums, step > phase.steps.lowerBound)
        step += depth
      } while step < phase.steps.upperBound
      if places {
        lk_scatter_lanes(
          channels, rows.count, sums, bias, tables.places + row, result, plane.count, accumulating)
      } else {
        lk_rows_from_lanes(
          channels, rows.count, sums, lanes, bias, result + row, plane.count, accumulating)
      }
    }
  }
}
