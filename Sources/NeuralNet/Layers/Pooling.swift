import Diagnostics
public import TensorCore

/// `maxPool1d` as a layer: `[samples, channels, length]`.
public final class MaxPool1d: Module, Layer {
  private let (kernel, stride, padding): (Int, Int?, Int)

  /// Windows of `kernel` elements, `stride` apart, by default so that they touch. Stops unless
  /// both are positive and the padding is at most half the kernel.
  public init(kernel: Int, stride: Int? = nil, padding: Int = 0) {
    requirePooling("MaxPool1d", [kernel], stride.map { [$0] }, [padding])
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
  }

  /// The largest value of each window, `[samples, channels, length']`.
  public func forward(_ input: Tensor) -> Tensor {
    maxPool1d(input, kernel: kernel, stride: stride, padding: padding)
  }
}

/// `maxPool2d` as a layer: `[samples, channels, height, width]`.
public final class MaxPool2d: Module, Layer {
  private let (kernel, stride, padding): ((Int, Int), (Int, Int)?, (Int, Int))

  /// Windows of `kernel` pixels, `stride` apart, by default so that they touch. Stops unless
  /// both are positive and the padding is at most half the kernel.
  public init(kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0)) {
    requirePooling(
      "MaxPool2d", [kernel.0, kernel.1], stride.map { [$0.0, $0.1] }, [padding.0, padding.1])
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
  }

  /// The same with equal numbers for both axes.
  public convenience init(kernel: Int, stride: Int? = nil, padding: Int = 0) {
    self.init(
      kernel: (kernel, kernel), stride: stride.map { ($0, $0) }, padding: (padding, padding))
  }

  /// The largest value of each window, `[samples, channels, height', width']`.
  public func forward(_ input: Tensor) -> Tensor {
    maxPool2d(input, kernel: kernel, stride: stride, padding: padding)
  }
}

/// `avgPool1d` as a layer: `[samples, channels, length]`.
public final class AvgPool1d: Module, Layer {
  private let (kernel, stride, padding): (Int, Int?, Int)
  private let countIncludesPadding: Bool

  /// Windows of `kernel` elements, `stride` apart, by default so that they touch. Stops unless
  /// both are positive and the padding is at most half the kernel.
  public init(
    kernel: Int, stride: Int? = nil, padding: Int = 0, countIncludesPadding: Bool = true
  ) {
    requirePooling("AvgPool1d", [kernel], stride.map { [$0] }, [padding])
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    self.countIncludesPadding = countIncludesPadding
  }

  /// The mean of each window, `[samples, channels, length']`.
  public func forward(_ input: Tensor) -> Tensor {
    avgPool1d(
      input, kernel: kernel, stride: stride, padding: padding,
      countIncludesPadding: countIncludesPadding)
  }
}

/// `avgPool2d` as a layer: `[samples, channels, height, width]`.
public final class AvgPool2d: Module, Layer {
  private let (kernel, stride, padding): ((Int, Int), (Int, Int)?, (Int, Int))
  private let countIncludesPadding: Bool

  /// Windows of `kernel` pixels, `stride` apart, by default so that they touch. Stops unless
  /// both are positive and the padding is at most half the kernel.
  public init(
    kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0),
    countIncludesPadding: Bool = true
  ) {
    requirePooling(
      "AvgPool2d", [kernel.0, kernel.1], stride.map { [$0.0, $0.1] }, [padding.0, padding.1])
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    self.countIncludesPadding = countIncludesPadding
  }

  /// The same with equal numbers for both axes.
  public convenience init(
    kernel: Int, stride: Int? = nil, padding: Int = 0, countIncludesPadding: Bool = true
  ) {
    self.init(
      kernel: (kernel, kernel), stride: stride.map { ($0, $0) }, padding: (padding, padding),
      countIncludesPadding: countIncludesPadding)
  }

  /// The mean of each window, `[samples, channels, height', width']`.
  public func forward(_ input: Tensor) -> Tensor {
    avgPool2d(
      input, kernel: kernel, stride: stride, padding: padding,
      countIncludesPadding: countIncludesPadding)
  }
}

/// The means of windows that cover `[samples, channels, length]`, whatever its length.
public final class AdaptiveAvgPool1d: Module, Layer {
  private let size: Int

  /// A result of `size` elements per channel. Stops unless it is positive.
  public init(size: Int) {
    check(size > 0, "AdaptiveAvgPool1d: a result of \(size); it must be positive")
    self.size = size
  }

  /// The mean of each window, `[samples, channels, size]`.
  public func forward(_ input: Tensor) -> Tensor {
    adaptiveAvgPool2d(input.unsqueezed(-2), size: (1, size)).squeezed(-2)
  }
}

/// `adaptiveAvgPool2d` as a layer: the means of windows that cover `[samples, channels, height,
/// width]`, whatever its size.
public final class AdaptiveAvgPool2d: Module, Layer {
  private let size: (Int, Int)

  /// A result of `size` pixels per channel. Stops unless both numbers are positive.
  public init(size: (Int, Int)) {
    check(
      size.0 > 0 && size.1 > 0,
      "AdaptiveAvgPool2d: a result of \(size.0) x \(size.1); both must be positive")
    self.size = size
  }

  /// A result of `size` times `size` pixels per channel; 1 is the mean over the whole image.
  public convenience init(size: Int) { self.init(size: (size, size)) }

  /// The mean of each window, `[samples, channels, height', width']` of the size asked for.
  public func forward(_ input: Tensor) -> Tensor { adaptiveAvgPool2d(input, size: size) }
}

/// Stops unless windows can have these sizes.
private func requirePooling(
  _ name: StaticString, _ kernel: [Int], _ stride: [Int]?, _ padding: [Int]
) {
  check(
    kernel.allSatisfy { $0 > 0 } && (stride ?? kernel).allSatisfy { $0 > 0 },
    "\(name): a kernel of \(kernel) and stride \(stride ?? kernel); both must be positive")
  check(
    zip(padding, kernel).allSatisfy { $0 >= 0 && 2 * $0 <= $1 },
    "\(name): padding \(padding) for a kernel of \(kernel); it may be half the kernel at most")
}
