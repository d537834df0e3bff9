import Diagnostics
public import TensorCore

/// Convolution of sequences: `[samples, inputs, length]` to `[samples, outputs, length']`; see
/// `conv1d`.
public final class Conv1d: Module, Layer {
  /// `[outputs, inputs / groups, kernel]`.
  public let weight: Tensor
  /// `[outputs]`, or nil.
  public let bias: Tensor?
  private let stride: Int
  private let padding: Int
  private let dilation: Int
  private let groups: Int

  /// Weights and biases are uniform in ±1/√(inputs / groups · kernel). Stops unless `groups`
  /// divides inputs and outputs, all sizes are positive and the padding is not negative.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true, generator: Generator = .default
  ) {
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    requireConvolution(
      "Conv1d", inputs, outputs, kernel: [kernel], stride: [stride], padding: [padding],
      dilation: [dilation], groups)
    let bound = uniformBound(inputs / groups * kernel)
    weight = .uniformParameter([outputs, inputs / groups, kernel], within: bound, generator)
    self.bias = bias ? .uniformParameter([outputs], within: bound, generator) : nil
  }

  /// The convolution of `input`, a new tensor. Stops where `input` has another number of channels,
  /// and where the kernel is larger than the padded input.
  public func forward(_ input: Tensor) -> Tensor {
    conv1d(
      input, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

/// Convolution of images: `[samples, inputs, height, width]` to `[samples, outputs, height',
/// width']`; see `conv2d`.
///
/// ```swift
/// let layer = Conv2d(3, 16, kernel: 3, stride: 2, padding: 1)
/// let features = layer(Tensor.zeros([8, 3, 32, 32]))  // [8, 16, 16, 16]
/// ```
public final class Conv2d: Module, Layer {
  /// `[outputs, inputs / groups, kernel height, kernel width]`.
  public let weight: Tensor
  /// `[outputs]`, or nil.
  public let bias: Tensor?
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let dilation: (Int, Int)
  private let groups: Int

  /// Weights and biases are uniform in ±1/√(inputs / groups · kernel elements). Stops unless
  /// `groups` divides inputs and outputs.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: (Int, Int), stride: (Int, Int) = (1, 1),
    padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1,
    bias: Bool = true, generator: Generator = .default
  ) {
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    requireConvolution(
      "Conv2d", inputs, outputs, kernel: [kernel.0, kernel.1], stride: [stride.0, stride.1],
      padding: [padding.0, padding.1], dilation: [dilation.0, dilation.1], groups)
    let bound = uniformBound(inputs / groups * kernel.0 * kernel.1)
    let shape: Shape = [outputs, inputs / groups, kernel.0, kernel.1]
    weight = .uniformParameter(shape, within: bound, generator)
    self.bias = bias ? .uniformParameter([outputs], within: bound, generator) : nil
  }

  /// The same with equal numbers for both axes.
  public convenience init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true, generator: Generator = .default
  ) {
    self.init(
      inputs, outputs, kernel: (kernel, kernel), stride: (stride, stride),
      padding: (padding, padding), dilation: (dilation, dilation), groups: groups, bias: bias,
      generator: generator)
  }

  /// The convolution of `input`, a new tensor. Stops where `input` has another number of channels,
  /// and where the kernel is larger than the padded input.
  public func forward(_ input: Tensor) -> Tensor {
    conv2d(
      input, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

/// Stops unless a convolution from `inputs` to `outputs` channels can have these sizes.
func requireConvolution(
  _ name: StaticString, _ inputs: Int, _ outputs: Int, kernel: [Int], stride: [Int],
  padding: [Int], dilation: [Int], _ groups: Int
) {
  check(
    inputs > 0 && outputs > 0 && kernel.allSatisfy { $0 > 0 },
    """
    \(name): \(inputs) inputs, \(outputs) outputs and a kernel of \(kernel); all must be \
    positive
    """)
  check(
    stride.allSatisfy { $0 > 0 } && dilation.allSatisfy { $0 > 0 },
    "\(name): stride \(stride) and dilation \(dilation); both must be positive")
  check(padding.allSatisfy { $0 >= 0 }, "\(name): padding \(padding); it must not be negative")
  check(
    groups > 0 && inputs % groups == 0 && outputs % groups == 0,
    "\(name): \(inputs) inputs and \(outputs) outputs cannot be cut into \(groups) groups")
}
