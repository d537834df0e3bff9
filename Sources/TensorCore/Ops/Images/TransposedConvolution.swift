import Diagnostics
import Kernels

/// Transposed two-dimensional convolution: the gradient of a `conv2d` with respect to its input, as
/// an operation of its own. `x` is `[batch, in, height, width]`, or one `[in, height, width]`,
/// `weight` `[in, out / groups, kernel height, kernel width]`, `bias` `[out]`; the result `[batch,
/// out, height', width']` with height' = (height - 1) stride - 2 padding + dilation (kernel - 1) +
/// outputPadding + 1.
///
/// - Parameters:
///   - stride: Pixels in the result from one pixel of the input to the next, per axis.
///   - padding: Pixels cut off the result, on both sides of each axis.
///   - outputPadding: Pixels added to the result at the end of each axis; less than the stride or the dilation.
///   - dilation: Pixels in the result from one tap to the next.
///   - groups: The channels are cut into this many groups, each convolved with its share of the
///     outputs.
///
/// Stops where channels and groups do not match, and where nothing would be left of the result.
public func convTranspose2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: (Int, Int) = (1, 1),
  padding: (Int, Int) = (0, 0), outputPadding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1),
  groups: Int = 1
) -> Tensor {
  let name: StaticString = "convTranspose2d"
  if x.axisCount == 3, weight.axisCount == 4 {
    return x.asBatch {
      convTranspose2d(
        $0, weight, bias, stride: stride, padding: padding, outputPadding: outputPadding,
        dilation: dilation, groups: groups)
    }
  }
  if let cast = Autocast(name) {
    return cast.run {
      convTranspose2d(
        cast(x), cast(weight), cast(bias), stride: stride, padding: padding,
        outputPadding: outputPadding, dilation: dilation, groups: groups)
    }
  }
  let operands = ConvolutionOperands(x, weight, bias, name)
  let (stride, dilation) = (Plane(stride.0, stride.1), Plane(dilation.0, dilation.1))
  let (padding, extra) = (Plane(padding.0, padding.1), Plane(outputPadding.0, outputPadding.1))
  operands.checkAll(stride, padding, dilation, groups)
  let (inputs, outputs) = (weight.shape[0], weight.shape[1] * groups)
  check(
    x.shape[1] == inputs,
    """
    \(name): an input of \(x.shape[1]) channels for a weight of shape \(weight.shape), which takes \
    \(inputs)
    """)
  check(
    inputs % groups == 0, "\(name): \(inputs) input channels cannot be cut into \(groups) groups")
  operands.checkBias(outputs)
  check(
    extra.height >= 0 && extra.width >= 0
      && extra.height < max(stride.height, dilation.height)
      && extra.width < max(stride.width, dilation.width),
    """
    \(name): outputPadding \(operands.sizes(extra)); it must be less than the stride \
    \(operands.sizes(stride)) or the dilation \(operands.sizes(dilation))
    """)
  let kernel = Plane(weight.shape[2], weight.shape[3])
  let output = Plane(
    (x.shape[2] - 1) * stride.height - 2 * padding.height + dilation.height * (kernel.height - 1)
      + extra.height + 1,
    (x.shape[3] - 1) * stride.width - 2 * padding.width + dilation.width * (kernel.width - 1)
      + extra.width + 1)
  check(
    x.shape[2] > 0 && x.shape[3] > 0 && output.height > 0 && output.width > 0,
    """
    \(name): nothing is left of the result of an input of shape \(x.shape) and a kernel of \
    \(operands.sizes(kernel)) with padding \(operands.sizes(padding))
    """)
  // The convolution of which this is the gradient: from the result to x.
  let geometry = Convolution(
    batch: x.shape[0], groups: groups, inputs: weight.shape[1], outputs: inputs / groups,
    input: output, output: Plane(x.shape[2], x.shape[3]), kernel: kernel, stride: stride,
    padding: padding, dilation: dilation)
  let result = operands.result([geometry.batch, outputs, output.height, output.width])
  geometry.inputGradient(x, weight, bias, into: result)
  return result.recorded(
    name,
    [
      x.edge(into: { [weight = Saved(weight)] gradient, target, accumulating in
        geometry.forward(
          gradient, weight.value, nil, into: target, accumulating: accumulating)
      }),
      weight.edge(into: { [x = Saved(x)] gradient, target, accumulating in
        geometry.weightGradient(x.value, gradient, into: target, accumulating: accumulating)
      }),
      bias?.biasEdge(),
    ])
}

/// `convTranspose2d` with the same numbers for both axes.
public func convTranspose2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int, padding: Int = 0,
  outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1
) -> Tensor {
  convTranspose2d(
    x, weight, bias, stride: (stride, stride), padding: (padding, padding),
    outputPadding: (outputPadding, outputPadding), dilation: (dilation, dilation), groups: groups)
}
