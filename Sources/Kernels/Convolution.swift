import CKernels

/// Numbers for the two axes of an image: sizes, or steps.
package struct Plane: Equatable, Sendable {
  package var height: Int
  package var width: Int

  package init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The number of pixels.
  package var count: Int { height * width }
}

/// The sizes of a two-dimensional convolution of contiguous `[batch, channels, height, width]`
/// images with weights `[outputs, inputs of a group, height, width]`.
///
/// All three products of a convolution are one product of matrices, C = A B, where B and C keep 16
/// channels side by side and the element of A in row r and column s lies at offset row[r] +
/// column[s] of the padded image. So A is never written down: `lk_convolve_rows` reads the image
/// itself.
///
/// | product         | rows           | summed over        | channels of C, B |
/// |-----------------|----------------|--------------------|------------------|
/// | forward         | output pixels  | taps of all inputs | outputs          |
/// | input gradient  | input pixels   | taps of all outputs| inputs           |
/// | weight gradient | taps           | output pixels      | outputs          |
///
/// Where every group has one input and one output, 16 groups are computed side by side:
/// `lk_convolve_lanes`.
package struct Convolution: Sendable {
  package var batch: Int
  package var groups: Int
  /// Input channels of one group.
  package var inputs: Int
  /// Output channels of one group.
  package var outputs: Int
  package var input: Plane
  package var output: Plane
  package var kernel: Plane
  package var stride: Plane
  package var padding: Plane
  package var dilation: Plane

  package init(
    batch: Int, groups: Int, inputs: Int, outputs: Int, input: Plane, output: Plane, kernel: Plane,
    stride: Plane, padding: Plane, dilation: Plane
  ) {
    self.batch = batch
    self.groups = groups
    self.inputs = inputs
    self.outputs = outputs
    self.input = input
    self.output = output
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  /// How many outputs (height or width) a kernel has room for; 0 or less where it does not fit.
  package static func outputSize(
    _ input: Int, kernel: Int, stride: Int, padding: Int, dilation: Int = 1
  ) -> Int {
    let room = input + 2 * padding - dilation * (kernel - 1) - 1
    return room < 0 ? 0 : room / stride + 1
  }

  /// The images as the output pixels and taps of `forward` and the weight gradient see them.
  var paddedInput: PaddedImages {
    let needed = Plane(
      (output.height - 1) * stride.height + (kernel.height - 1) * dilation.height + 1,
      (output.width - 1) * stride.width + (kernel.width - 1) * dilation.width + 1)
    let isPadded = padding != Plane(0, 0)
    return PaddedImages(
      channels: inputs, plane: input, padded: isPadded ? needed : input, top: padding.height,
      left: padding.width)
  }

  /// Where the window of each output pixel begins in the padded input.
  func fillPixels(_ offsets: UnsafeMutablePointer<Int32>) {
    let width = paddedInput.padded.width
    var next = offsets
    for y in 0..<output.height {
      for x in 0..<output.width {
        next.pointee = Int32(y * stride.height * width + x * stride.width)
        next += 1
      }
    }
  }

  /// Where each tap of a window lies, counted from where the window begins in the padded input.
  func fillTaps(_ offsets: UnsafeMutablePointer<Int32>) {
    let padded = paddedInput.padded
    var next = offsets
    for channel in 0..<inputs {
      for y in 0..<kernel.height {
        for x in 0..<kernel.width {
          next.pointee = Int32(
            channel * padded.count + y * dilation.height * padded.width + x * dilation.width)
          next += 1
        }
      }
    }
  }

  /// Output pixels whose windows lie one after the other, and taps that do: all of them are in runs
  /// of so many.
  var runOfPixels: Int { stride.width == 1 ? max(1, output.width) : 1 }
  var runOfTaps: Int { dilation.width == 1 ? kernel.width : 1 }

  /// The weights of one output channel.
  package var taps: Int { inputs * kernel.count }

  /// Whether each channel is convolved for itself, so that lanes are groups.
  var isDepthwise: Bool { groups > 1 && inputs == 1 && outputs == 1 }

  /// Blocks of channels, of which a group has `channels`.
  func blocks(of channels: Int) -> Int {
    isDepthwise ? blockCount(groups) : groups * blockCount(channels)
  }

  /// How many pieces the work is cut into along the images, and along the blocks of channels: by
  /// size alone.
  func pieces(blocks: Int, atMost limit: Int) -> (images: Int, blocks: Int) {
    let work = batch * groups * outputs * output.count * taps
    let wanted = max(1, min(limit, work / 250_000))
    let images = max(1, min(batch, wanted))
    return (images, max(1, min(blocks, wanted / images)))
  }
}

/// The channels of a group of an image, with zeros around them or with margins cut off.
struct PaddedImages: Sendable {
  let channels: Int
  let plane: Plane
  let padded: Plane
  let top: Int
  let left: Int

  /// Whether the images have to be copied.
  var isCopied: Bool { padded != plane || top != 0 || left != 0 }

  /// Values of the copy.
  var scratchCount: Int { isCopied ? roundedUp(channels * padded.count) : 0 }

  /// Values of `lanes` padded channels side by side, and of the copy that they are made from.
  var laneScratchCount: Int { (isCopied ? 2 : 1) * lanes * padded.count }

  /// As `pad`, for at most 16 `channels` of one plane each, which are put side by side.
  func padLanes(
    _ channels: Int, _ source: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    var planes = source
    if isCopied {
      let copy = scratch + lanes * padded.count
      lk_pad_planes(
        channels, plane.height, plane.width, source, top, left, padded.height, padded.width, copy)
      planes = UnsafePointer(copy)
    }
    lk_lanes_from_rows(channels, padded.count, planes, padded.count, scratch, lanes)
    return UnsafePointer(scratch)
  }

  /// The padded channels that begin at `source`: in `scratch`, or where they are if nothing
  /// changes.
  func pad(
    _ source: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    guard isCopied else { return source }
    lk_pad_planes(
      channels, plane.height, plane.width, source, top, left, padded.height, padded.width, scratch)
    return UnsafePointer(scratch)
  }
}

/// Channels that the kernels keep side by side.
let lanes = 16

/// The number of blocks of `lanes` that hold `channels`.
func blockCount(_ channels: Int) -> Int { (channels + lanes - 1) / lanes }

/// `count` rounded up to whole cache lines.
func roundedUp(_ count: Int) -> Int { (count + 15) & ~15 }

/// Part `index` of `0 ..< count` cut into `parts`.
func part(_ index: Int, of parts: Int, _ count: Int) -> Range<Int> {
  (count * index / parts)..<(count * (index + 1) / parts)
}
