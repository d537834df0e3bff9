import Diagnostics
public import TensorCore

/// Transposed convolution of images, which enlarges: `[samples, inputs, height, width]` to
/// `[samples, outputs, height', width']`; see `convTranspose2d`.
public final class ConvTranspose2d: Module, Layer {
  /// `[inputs, outputs / groups, kernel height, kernel width]`.
  public let weight: Tensor
  /// `[outputs]`, or nil.
  public let bias: Tensor?
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let outputPadding: (Int, Int)
  private let dilation: (Int, Int)
  private let groups: Int

  /// Weights and biases are uniform in ±1/√(outputs / groups · kernel elements). Stops unless
  /// `groups` divides inputs and outputs.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: (Int, Int), stride: (Int, Int) = (1, 1),
    padding: (Int, Int) = (0, 0), outputPadding: (Int, Int) = (0, 0),
    dilation: (Int, Int) = (1, 1), groups: Int = 1, bias: Bool = true,
    generator: Generator = .default
  ) {
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.dilation, self.groups) = (dilation, groups)
    requireConvolution(
      "ConvTranspose2d", inputs, outputs, kernel: [kernel.0, kernel.1],
      stride: [stride.0, stride.1], padding: [padding.0, padding.1],
      dilation: [dilation.0, dilation.1], groups)
    check(
      outputPadding.0 >= 0 && outputPadding.1 >= 0
        && outputPadding.0 < Swift.max(stride.0, dilation.0)
        && outputPadding.1 < Swift.max(stride.1, dilation.1),
      """
      ConvTranspose2d: outputPadding [\(outputPadding.0), \(outputPadding.1)]; it must be less than \
      the stride or the dilation, and not negative
      """)
    let bound = uniformBound(outputs / groups * kernel.0 * kernel.1)
    let shape: Shape = [inputs, outputs / groups, kernel.0, kernel.1]
    weight = .uniformParameter(shape, within: bound, generator)
    self.bias = bias ? .uniformParameter([outputs], within: bound, generator) : nil
  }

  /// The same with equal numbers for both axes.
  public convenience init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    generator: Generator = .default
  ) {
    self.init(
      inputs, outputs, kernel: (kernel, kernel), stride: (stride, stride),
      padding: (padding, padding), outputPadding: (outputPadding, outputPadding),
      dilation: (dilation, dilation), groups: groups, bias: bias, generator: generator)
  }

  /// The transposed convolution of `input`, a new tensor. Stops where `input` has another number of
  /// channels.
  public func forward(_ input: Tensor) -> Tensor {
    convTranspose2d(
      input, weight, bias, stride: stride, padding: padding, outputPadding: outputPadding,
      dilation: dilation, groups: groups)
  }
}
