import CKernels
import Parallel

extension Convolution {
  /// `result (+)= the gradient of the weights, given that of the output`. The result has a row for
  /// each output channel.
  ///
  /// Pixels are summed by 256, and these within fixed parts of the batch; the parts in double. There
  /// are a few of them, and where there is room one for every 16,384 pixels.
  package func weightGradient(
    _ gradient: RowOperand, _ x: RowOperand, into result: RowOperand, accumulating: Bool = false,
    scratch: Scratch
  ) {
    let source = paddedInput
    // Lanes are the outputs of a group, or the groups.
    let (groups, outputs) = isDepthwise ? (1, groups) : (groups, outputs)
    let blocksOfGroup = blockCount(outputs)
    let blocks = groups * blocksOfGroup
    let partSize = blocks * taps * lanes
    let pixels = output.count
    let sourceSize = isDepthwise ? source.laneScratchCount : source.scratchCount
    let (lanesSize, planes) = (pixels * lanes, isDepthwise ? lanes : inputs)
    let pieceSize =
      sourceSize + lanesSize + (gradient.isCopied ? lanesSize : 0)
      + (x.isCopied ? planes * input.count : 0)
    let long = min(batch * pixels / 16_384, 4_000_000 / max(1, partSize + pieceSize))
    var pieces = pieces(blocks: blocks, atMost: max(8, long))
    pieces.images = max(1, min(pieces.images, max(long, min(8, 4_000_000 / max(1, partSize)))))
    let pieceCount = pieces.images * pieces.blocks
    let tableSize = roundedUp(taps) + roundedUp(pixels)
    let memory = scratch(tableSize + (pieces.images + 1) * partSize + pieceCount * pieceSize)
    let tapOffsets = UnsafeMutableRawPointer(memory).bindMemory(
      to: Int32.self, capacity: tableSize)
    let pixelOffsets = tapOffsets + roundedUp(taps)
    fillTaps(tapOffsets)
    fillPixels(pixelOffsets)
    let total = memory + tableSize
    let parts = total + partSize
    if batch == 0 { parts.update(repeating: 0, count: partSize) }

    parallelFor(pieceCount) { piece in
      let images = part(piece / pieces.blocks, of: pieces.images, batch)
      let sums = parts + piece / pieces.blocks * partSize
      let scratch = parts + pieces.images * partSize + piece * pieceSize
      let lanesOfPixels = scratch + sourceSize
      let rowsOfPixels = lanesOfPixels + lanesSize
      let planes = rowsOfPixels + (gradient.isCopied ? lanesSize : 0)
      for image in images {
        var (group, window) = (-1, UnsafePointer(scratch))
        for block in part(piece % pieces.blocks, of: pieces.blocks, blocks) {
          let first = block % blocksOfGroup * lanes
          let plane = (image * groups + block / blocksOfGroup) * outputs + first
          let channels = min(lanes, outputs - first)
          if isDepthwise {
            window = source.padLanes(channels, x.values(plane, channels, in: planes), scratch)
          } else if block / blocksOfGroup != group {
            group = block / blocksOfGroup
            let first = (image * groups + group) * inputs
            window = source.pad(x.values(first, inputs, in: planes), scratch)
          }
          lk_lanes_from_rows(
            channels, pixels, gradient.values(plane, channels, in: rowsOfPixels), pixels,
            lanesOfPixels, lanes)
          addProducts(
            window, lanesOfPixels, tapOffsets, pixelOffsets, into: sums + block * taps * lanes,
            isFirst: image == images.lowerBound)
        }
      }
    }
    parallelFor(blocks) { block in
      let place = block * taps * lanes
      lk_sum_columns(pieces.images, taps * lanes, parts + place, partSize, total + place, false)
      let first = block % blocksOfGroup * lanes
      let channel = block / blocksOfGroup * outputs + first
      let rows = channel..<(channel + min(lanes, outputs - first))
      forEachRowBlock(rows, [result], together: true) { _, count, at in
        lk_rows_from_lanes(count, taps, total + place, lanes, nil, at[0], taps, accumulating)
      }
    }
  }

  /// Adds the sums over the pixels of one image for all taps of one block of channels.
  private func addProducts(
    _ window: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>,
    _ tapOffsets: UnsafePointer<Int32>, _ pixelOffsets: UnsafePointer<Int32>,
    into sums: UnsafeMutablePointer<Float>, isFirst: Bool
  ) {
    let depth = 256  // pixels whose 16 gradients stay in the first-level cache
    for pixel in Swift.stride(from: 0, to: output.count, by: depth) {
      (isDepthwise ? lk_convolve_lanes : lk_convolve_rows)(
        taps, runOfTaps, tapOffsets, min(depth, output.count - pixel), pixelOffsets + pixel, window,
        gradient + pixel * lanes, sums, !(isFirst && pixel == 0))
    }
  }
}
