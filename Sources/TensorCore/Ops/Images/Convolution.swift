import CKernels
import Diagnostics
import Kernels
import Parallel

/// Two-dimensional convolution (cross-correlation) of images `x` `[batch, in, height, width]`, or of
/// one `[in, height, width]`, with `weight` `[out, in / groups, kernel height, kernel width]`, plus
/// `bias` `[out]`: `[batch, out, height', width']`, where height' = (height + 2 padding - dilation
/// (kernel - 1) - 1) / stride + 1, rounded down.
///
/// - Parameters:
///   - stride: Pixels from one window to the next, per axis.
///   - padding: Zeros around the image, on both sides of each axis.
///   - dilation: Pixels from one tap of a window to the next.
///   - groups: The channels are cut into this many groups, each convolved with its share of the
///     outputs.
///
/// Stops where channels and groups do not match, and where the kernel is larger than the padded
/// image.
public func conv2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: (Int, Int) = (1, 1),
  padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
) -> Tensor {
  convolution(
    x, weight, bias, stride: Plane(stride.0, stride.1), padding: Plane(padding.0, padding.1),
    dilation: Plane(dilation.0, dilation.1), groups: groups, "conv2d")
}

/// `conv2d` with the same numbers for both axes.
public func conv2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int, padding: Int = 0,
  dilation: Int = 1, groups: Int = 1
) -> Tensor {
  conv2d(
    x, weight, bias, stride: (stride, stride), padding: (padding, padding),
    dilation: (dilation, dilation), groups: groups)
}

/// `conv2d` with stride 1 and the same numbers for both axes.
public func conv2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, padding: Int, dilation: Int = 1,
  groups: Int = 1
) -> Tensor {
  conv2d(
    x, weight, bias, stride: 1, padding: padding, dilation: dilation, groups: groups)
}

/// One-dimensional convolution of `x` `[batch, in, length]`, or of one `[in, length]`, with `weight`
/// `[out, in / groups, kernel]`, plus `bias` `[out]`: `[batch, out, length']`. See `conv2d`.
public func conv1d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
  dilation: Int = 1, groups: Int = 1
) -> Tensor {
  if x.axisCount == 2, weight.axisCount == 3 {
    return x.asBatch {
      conv1d(
        $0, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
  }
  check(
    x.axisCount == 3 && weight.axisCount == 3,
    """
    conv1d: input \(x.shape) and weight \(weight.shape): they must be [batch, in, length] and \
    [out, in / groups, kernel]
    """)
  return convolution(
    x.unsqueezed(2), weight.unsqueezed(2), bias, stride: Plane(1, stride),
    padding: Plane(0, padding), dilation: Plane(1, dilation), groups: groups, "conv1d"
  ).squeezed(2)
}

private func convolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, stride: Plane, padding: Plane, dilation: Plane,
  groups: Int, _ name: StaticString
) -> Tensor {
  if x.axisCount == 3, weight.axisCount == 4 {
    return x.asBatch {
      convolution(
        $0, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups,
        name)
    }
  }
  if let cast = Autocast(name) {
    return cast.run {
      convolution(
        cast(x), cast(weight), cast(bias), stride: stride, padding: padding, dilation: dilation,
        groups: groups, name)
    }
  }
  let operands = ConvolutionOperands(x, weight, bias, name)
  operands.checkAll(stride, padding, dilation, groups)
  let (outputs, inputs) = (weight.shape[0], weight.shape[1])
  check(
    x.shape[1] == inputs * groups,
    """
    \(name): an input of \(x.shape[1]) channels for a weight of shape \(weight.shape) and \
    \(groups) groups, which takes \(inputs * groups)
    """)
  check(
    outputs % groups == 0, "\(name): \(outputs) output channels cannot be cut into \(groups) groups"
  )
  operands.checkBias(outputs)
  let input = Plane(x.shape[2], x.shape[3])
  let kernel = Plane(weight.shape[2], weight.shape[3])
  let output = Plane(
    Convolution.outputSize(
      input.height, kernel: kernel.height, stride: stride.height, padding: padding.height,
      dilation: dilation.height),
    Convolution.outputSize(
      input.width, kernel: kernel.width, stride: stride.width, padding: padding.width,
      dilation: dilation.width))
  check(
    output.height > 0 && output.width > 0,
    """
    \(name): a kernel of \(operands.sizes(kernel)) with dilation \(operands.sizes(dilation)) is \
    larger than the input of \(operands.sizes(input)) with padding \(operands.sizes(padding))
    """)
  let geometry = Convolution(
    batch: x.shape[0], groups: groups, inputs: inputs, outputs: outputs / groups, input: input,
    output: output, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
  let result = operands.result([geometry.batch, outputs, output.height, output.width])
  geometry.forward(x, weight, bias, into: result)
  // The weight's gradient first, as in `linear`.
  return result.recorded(
    name,
    [
      weight.edge(into: { [x = Saved(x)] gradient, target, accumulating in
        geometry.weightGradient(gradient, x.value, into: target, accumulating: accumulating)
      }),
      bias?.biasEdge(),
      x.edge(into: { [weight = Saved(weight)] gradient, target, accumulating in
        geometry.inputGradient(
          gradient, weight.value, into: target, accumulating: accumulating)
      }),
    ])
}

/// What convolutions and transposed convolutions are given, and the checks that they share.
struct ConvolutionOperands {
  let x: Tensor
  let weight: Tensor
  let bias: Tensor?
  let name: StaticString

  init(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ name: StaticString) {
    self.x = x
    self.weight = weight
    self.bias = bias
    self.name = name
  }

  func checkAll(_ stride: Plane, _ padding: Plane, _ dilation: Plane, _ groups: Int) {
    x.requireFloat(name)
    weight.requireFloat(name)
    bias?.requireFloat(name)
    check(
      x.axisCount == 4 && weight.axisCount == 4,
      """
      \(name): input \(x.shape) and weight \(weight.shape): both need four dimensions, the input \
      [batch, channels, height, width]
      """)
    check(
      weight.count > 0, "\(name): a weight of shape \(weight.shape) holds nothing")
    check(
      stride.height > 0 && stride.width > 0,
      "\(name): stride \(sizes(stride)); it must be positive")
    check(
      dilation.height > 0 && dilation.width > 0,
      "\(name): dilation \(sizes(dilation)); it must be positive")
    check(
      padding.height >= 0 && padding.width >= 0,
      "\(name): padding \(sizes(padding)); it must not be negative")
    check(groups > 0, "\(name): \(groups) groups; there must be at least one")
  }

  func checkBias(_ outputs: Int) {
    check(
      bias.map { $0.shape == [outputs] } ?? true,
      "\(name): a bias of shape \(bias?.shape ?? []) for \(outputs) output channels")
  }

  func sizes(_ plane: Plane) -> String { "\(plane.height) x \(plane.width)" }

  /// Room for a result, of the operands' common type.
  func result(_ shape: Shape) -> Tensor {
    Tensor(uninitialized: shape, Tensor.promotedType(x, weight))
  }
}

extension Convolution {
  func forward(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, into result: Tensor, accumulating: Bool = false
  ) {
    withValues(x, weight, bias) { x, weight, bias, scratch in
      forward(
        x.rows(input.count), weight, bias: bias, into: result.rows(output.count, accumulating),
        accumulating: accumulating, scratch: scratch)
    }
  }

  func inputGradient(
    _ gradient: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, into target: Tensor,
    accumulating: Bool = false
  ) {
    withValues(gradient, weight, bias) { gradient, weight, bias, scratch in
      inputGradient(
        gradient.rows(output.count), weight, bias: bias,
        into: target.rows(input.count, accumulating), accumulating: accumulating, scratch: scratch)
    }
  }

  func weightGradient(
    _ gradient: Tensor, _ x: Tensor, into target: Tensor, accumulating: Bool
  ) {
    let (gradient, x, memory) = (gradient.contiguousValues(), x.contiguousValues(), PoolScratch())
    weightGradient(
      gradient.rows(output.count), x.rows(input.count),
      into: target.rows(inputs * kernel.count, accumulating), accumulating: accumulating,
      scratch: memory.provide)
    withExtendedLifetime((gradient, x, memory)) {}
  }

  /// Calls `body` with images in row-major order, with the weights' rows, with the bias as float32,
  /// and with scratch memory from the pool.
  private func withValues(
    _ images: Tensor, _ weight: Tensor, _ bias: Tensor?,
    _ body: (Tensor, RowOperand, UnsafePointer<Float>?, Scratch) -> Void
  ) {
    let (images, weight) = (images.contiguousValues(), weight.contiguousValues())
    let (bias, memory) = (bias?.wideValues, PoolScratch())
    body(images, weight.rows(taps), bias.map { UnsafePointer($0.pointer()) }, memory.provide)
    withExtendedLifetime((images, weight, bias, memory)) {}
  }
}

/// Scratch memory of the pool.
private final class PoolScratch {
  private var values: Tensor?

  func provide(_ count: Int) -> UnsafeMutablePointer<Float> {
    let values = Tensor(uninitialized: [count])
    self.values = values
    return values.pointer()
  }
}

extension Tensor {
  /// The result of `operation`, which takes a batch, for this one sample: that of a batch of one,
  /// without its axis.
  func asBatch(_ operation: (_ batch: Tensor) -> Tensor) -> Tensor {
    operation(unsqueezed(0)).squeezed(0)
  }

  /// The edge to a bias that was added to every pixel of a channel.
  func biasEdge() -> Edge? {
    edge(into: { gradient, target, accumulating in
      let planes = gradient.contiguousValues()
      let (batch, channels) = (planes.shape[0], planes.shape[1])
      let pixels = planes.shape[2] * planes.shape[3]
      let sums = Tensor(uninitialized: [batch, channels])
      let to = sums.pointer(Float.self)
      parallelItems(batch * channels, cost: pixels) { range in
        forEachRowBlock(range, [planes.rows(pixels)]) { first, count, at in
          lk_sum_rows(count, pixels, at[0], pixels, to + first)
        }
      }
      target.withFloats(accumulating: accumulating) {
        lk_sum_columns(batch, channels, to, channels, $0, accumulating)
      }
    })
  }
}
