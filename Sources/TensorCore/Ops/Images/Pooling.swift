import CKernels
import Diagnostics
import Elements
import Kernels
import Parallel

// A sample without an axis for the batch is a batch of one, and so is its result.

/// The largest value of each window of `x` `[batch, channels, height, width]`: `[batch, channels,
/// height', width']` with height' = (height + 2 padding - kernel) / stride + 1, rounded down.
///
/// Padding never wins. The gradient goes to the first of equal values.
///
/// - Parameters:
///   - kernel: The size of a window.
///   - stride: Pixels from one window to the next; by default the kernel, so that windows touch.
///   - padding: Pixels around the image, at most half the kernel.
public func maxPool2d(
  _ x: Tensor, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0)
) -> Tensor {
  if x.axisCount == 3 {
    return x.asBatch { maxPool2d($0, kernel: kernel, stride: stride, padding: padding) }
  }
  let stride = stride ?? kernel
  let output = pooledSize(x, kernel, stride, padding, "maxPool2d")
  let images = x.contiguousValues()
  let (planes, size) = (x.shape[0] * x.shape[1], x.shape[2] * x.shape[3])
  let shape: Shape = [x.shape[0], x.shape[1], output.height, output.width]
  let result = Tensor(uninitialized: shape, x.dtype)
  let places = Tensor(uninitialized: shape, .int32)
  let windows = lk_windows(
    height: x.shape[2], width: x.shape[3], out_height: output.height, out_width: output.width,
    kernel_y: kernel.0, kernel_x: kernel.1, stride_y: stride.0, stride_x: stride.1,
    padding_y: padding.0, padding_x: padding.1)
  let indices = places.pointer(Int32.self)
  overPlanes(planes, size, [images.rows(size), result.rows(output.count, .write)]) {
    first, count, at in
    withUnsafePointer(to: windows) {
      lk_maximum_windows($0, count, at[0], at[1], indices + first * output.count)
    }
  }
  return result.recorded(
    "maxPool2d",
    x.edge(into: { [inputShape = x.shape] gradient, target, accumulating in
      let gradient = gradient.contiguousValues()
      let indices = places.pointer(Int32.self)
      let list: InlineArray<2, RowOperand> = [
        gradient.rows(output.count), target.rows(size, accumulating),
      ]
      overPlanes(inputShape[0] * inputShape[1], size, list) { first, count, at in
        if !accumulating { at[1].update(repeating: 0, count: count * size) }
        lk_scatter_windows(
          count, size, output.count, at[0], indices + first * output.count, at[1])
      }
    }))
}

/// `maxPool2d` with the same numbers for both axes.
public func maxPool2d(
  _ x: Tensor, kernel: Int, stride: Int? = nil, padding: Int = 0
) -> Tensor {
  let stride = stride ?? kernel
  return maxPool2d(
    x, kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding))
}

/// The largest value of each window of `x` `[batch, channels, length]`; see `maxPool2d`.
public func maxPool1d(_ x: Tensor, kernel: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  if x.axisCount == 2 {
    return x.asBatch { maxPool1d($0, kernel: kernel, stride: stride, padding: padding) }
  }
  check(x.axisCount == 3, "maxPool1d: input \(x.shape); it must be [batch, channels, length]")
  return maxPool2d(
    x.unsqueezed(2), kernel: (1, kernel), stride: (1, stride ?? kernel), padding: (0, padding)
  ).squeezed(2)
}

/// The mean of each window of `x` `[batch, channels, height, width]`: `[batch, channels, height',
/// width']` with height' = (height + 2 padding - kernel) / stride + 1, rounded down.
///
/// - Parameters:
///   - kernel: The size of a window.
///   - stride: Pixels from one window to the next; by default the kernel, so that windows touch.
///   - padding: Zeros around the image, at most half the kernel.
///   - countIncludesPadding: Whether the zeros count in the mean.
public func avgPool2d(
  _ x: Tensor, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0),
  countIncludesPadding: Bool = true
) -> Tensor {
  if x.axisCount == 3 {
    return x.asBatch {
      avgPool2d(
        $0, kernel: kernel, stride: stride, padding: padding,
        countIncludesPadding: countIncludesPadding)
    }
  }
  let stride = stride ?? kernel
  let output = pooledSize(x, kernel, stride, padding, "avgPool2d")
  func spans(_ count: Int, _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int) -> [lk_span] {
    (0..<count).map { index in
      let start = index * stride - padding
      let (first, last) = (max(0, start), min(size, start + kernel))
      return lk_span(
        first: first, last: last, divisor: Float(countIncludesPadding ? kernel : last - first))
    }
  }
  return meanOfWindows(
    x, spans(output.height, x.shape[2], kernel.0, stride.0, padding.0),
    spans(output.width, x.shape[3], kernel.1, stride.1, padding.1), "avgPool2d")
}

/// `avgPool2d` with the same numbers for both axes.
public func avgPool2d(
  _ x: Tensor, kernel: Int, stride: Int? = nil, padding: Int = 0, countIncludesPadding: Bool = true
) -> Tensor {
  let stride = stride ?? kernel
  return avgPool2d(
    x, kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding),
    countIncludesPadding: countIncludesPadding)
}

/// The mean of each window of `x` `[batch, channels, length]`; see `avgPool2d`.
public func avgPool1d(
  _ x: Tensor, kernel: Int, stride: Int? = nil, padding: Int = 0, countIncludesPadding: Bool = true
) -> Tensor {
  if x.axisCount == 2 {
    return x.asBatch {
      avgPool1d(
        $0, kernel: kernel, stride: stride, padding: padding,
        countIncludesPadding: countIncludesPadding)
    }
  }
  check(x.axisCount == 3, "avgPool1d: input \(x.shape); it must be [batch, channels, length]")
  return avgPool2d(
    x.unsqueezed(2), kernel: (1, kernel), stride: (1, stride ?? kernel), padding: (0, padding),
    countIncludesPadding: countIncludesPadding
  ).squeezed(2)
}

/// The means of `size` windows that together cover each image of `x` `[batch, channels, height,
/// width]`, whatever its size: window i of n covers the pixels from i height / n, rounded down, to
/// (i + 1) height / n, rounded up. `(1, 1)` is the mean over the whole image.
public func adaptiveAvgPool2d(_ x: Tensor, size: (Int, Int)) -> Tensor {
  if x.axisCount == 3 { return x.asBatch { adaptiveAvgPool2d($0, size: size) } }
  check(
    size.0 > 0 && size.1 > 0,
    "adaptiveAvgPool2d: a result of \(size.0) x \(size.1); it must hold something")
  requireImages(x, "adaptiveAvgPool2d")
  func spans(_ count: Int, _ size: Int) -> [lk_span] {
    (0..<count).map { index in
      let (first, last) = (index * size / count, ((index + 1) * size + count - 1) / count)
      return lk_span(first: first, last: last, divisor: Float(last - first))
    }
  }
  return meanOfWindows(
    x, spans(size.0, x.shape[2]), spans(size.1, x.shape[3]), "adaptiveAvgPool2d")
}

/// `adaptiveAvgPool2d` to `size` windows along both axes.
public func adaptiveAvgPool2d(_ x: Tensor, size: Int) -> Tensor {
  adaptiveAvgPool2d(x, size: (size, size))
}

private func meanOfWindows(
  _ x: Tensor, _ rows: [lk_span], _ columns: [lk_span], _ name: StaticString
) -> Tensor {
  let images = x.contiguousValues()
  let (planes, width, size) = (x.shape[0] * x.shape[1], x.shape[3], x.shape[2] * x.shape[3])
  let outSize = rows.count * columns.count
  let result = Tensor(uninitialized: [x.shape[0], x.shape[1], rows.count, columns.count], x.dtype)
  overPlanes(planes, size, [images.rows(size), result.rows(outSize, .write)]) { _, count, at in
    withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { sums in
      guard let sums = sums.baseAddress else { return }
      lk_mean_windows(
        count, width, size, rows.count, rows, columns.count, columns, at[0], sums, at[1])
    }
  }
  return result.recorded(
    name,
    x.edge(into: { gradient, target, accumulating in
      let gradient = gradient.contiguousValues()
      let list: InlineArray<2, RowOperand> = [
        gradient.rows(outSize), target.rows(size, accumulating),
      ]
      overPlanes(planes, size, list) { _, count, at in
        if !accumulating { at[1].update(repeating: 0, count: count * size) }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { shares in
          guard let shares = shares.baseAddress else { return }
          lk_mean_windows_gradient(
            count, width, size, rows.count, rows, columns.count, columns, at[0], shares, at[1])
        }
      }
    }))
}

/// Calls `body` on runs of `planes`, which have `size` values each, with the values of the operands,
/// whose rows are planes.
private func overPlanes(
  _ planes: Int, _ size: Int, _ list: InlineArray<2, RowOperand>,
  _ body: (
    _ first: Int, _ count: Int, _ at: InlineArray<2, UnsafeMutablePointer<Float>>
  ) -> Void
) {
  parallelItems(planes, cost: size, grain: 16_384) { forEachRowBlock($0, list, body) }
}

private func requireImages(_ x: Tensor, _ name: StaticString) {
  x.requireFloat(name)
  check(
    x.axisCount == 4 && x.shape[2] > 0 && x.shape[3] > 0,
    "\(name): input \(x.shape); it must be [batch, channels, height, width]")
}

private func pooledSize(
  _ x: Tensor, _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: (Int, Int),
  _ name: StaticString
) -> Plane {
  requireImages(x, name)
  check(
    kernel.0 > 0 && kernel.1 > 0,
    "\(name): a kernel of \(kernel.0) x \(kernel.1); it must be positive")
  check(
    stride.0 > 0 && stride.1 > 0, "\(name): stride \(stride.0) x \(stride.1); it must be positive")
  check(
    padding.0 >= 0 && padding.1 >= 0 && 2 * padding.0 <= kernel.0 && 2 * padding.1 <= kernel.1,
    """
    \(name): padding \(padding.0) x \(padding.1) for a kernel of \(kernel.0) x \(kernel.1); it may \
    be half the kernel at most
    """)
  let output = Plane(
    Convolution.outputSize(x.shape[2], kernel: kernel.0, stride: stride.0, padding: padding.0),
    Convolution.outputSize(x.shape[3], kernel: kernel.1, stride: stride.1, padding: padding.1))
  check(
    output.height > 0 && output.width > 0,
    """
    \(name): a kernel of \(kernel.0) x \(kernel.1) is larger than the input of \(x.shape[2]) x \
    \(x.shape[3]) with padding \(padding.0) x \(padding.1)
    """)
  return output
}
