public import Lockstep

/// The residual network for CIFAR of He et al., "Deep residual learning for image recognition",
/// 2015: a convolution, three stages of blocks with 16, 32 and 64 channels, the mean over all
/// positions, and a linear layer. `ResNet(blocksPerStage: 3)` is ResNet-20.
public final class ResNet: Module, Layer {
  /// From colours to 16 channels.
  public let conv: Conv2d
  /// After the first convolution.
  public let norm: BatchNorm2d
  /// The three stages one after the other; the second and the third halve height and width.
  public let blocks: ModuleList<ResidualBlock>
  /// The last layer; its result is the logits.
  public let head: Linear

  /// 6 · `blocksPerStage` + 2 layers for images `[samples, channels, height, width]` of any size.
  /// Convolutions start normal with a deviation of √(2 / inputs) (He et al., 2015).
  public init(
    blocksPerStage: Int = 3, channels: Int = 3, classes: Int = 10, generator: Generator = .default
  ) {
    conv = Conv2d(channels, 16, kernel: 3, padding: 1, bias: false, generator: generator)
    norm = BatchNorm2d(16)
    var blocks: [ResidualBlock] = []
    var inputs = 16
    for width in [16, 32, 64] {
      for _ in 0..<blocksPerStage {
        let stride = width == inputs ? 1 : 2
        blocks.append(ResidualBlock(inputs, width, stride: stride, generator: generator))
        inputs = width
      }
    }
    self.blocks = ModuleList(blocks)
    head = Linear(64, classes, generator: generator)
    super.init()
    apply { module in
      guard let conv = module as? Conv2d else { return }
      noGrad { Initialization.kaimingNormal(conv.weight, generator: generator) }
    }
  }

  /// Logits `[samples, classes]` of `images`.
  public func forward(_ images: Tensor) -> Tensor {
    let x = blocks.reduce(relu(norm(conv(images)))) { x, block in block(x) }
    return head(x.mean(axes: [2, 3]))
  }
}

/// Two 3×3 convolutions around which the input is added to their result; where the shape changes,
/// through a 1×1 convolution.
public final class ResidualBlock: Module, Layer {
  /// The first convolution.
  public let conv1: Conv2d
  /// After the first convolution.
  public let norm1: BatchNorm2d
  /// The second convolution.
  public let conv2: Conv2d
  /// After the second convolution.
  public let norm2: BatchNorm2d
  /// What brings the input into the shape of the result; nil where it has it.
  public let shortcut: Conv2d?
  /// After the shortcut.
  public let shortcutNorm: BatchNorm2d?

  /// A block from `inputs` to `outputs` channels, whose first convolution has the stride `stride`.
  public init(_ inputs: Int, _ outputs: Int, stride: Int, generator: Generator = .default) {
    conv1 = Conv2d(
      inputs, outputs, kernel: 3, stride: stride, padding: 1, bias: false, generator: generator)
    norm1 = BatchNorm2d(outputs)
    conv2 = Conv2d(outputs, outputs, kernel: 3, padding: 1, bias: false, generator: generator)
    norm2 = BatchNorm2d(outputs)
    let keepsShape = stride == 1 && inputs == outputs
    shortcut =
      keepsShape
      ? nil
      : Conv2d(inputs, outputs, kernel: 1, stride: stride, bias: false, generator: generator)
    shortcutNorm = keepsShape ? nil : BatchNorm2d(outputs)
  }

  /// The block's result for `x`.
  public func forward(_ x: Tensor) -> Tensor {
    let y = norm2(conv2(relu(norm1(conv1(x)))))
    guard let shortcut, let shortcutNorm else { return relu(y + x) }
    return relu(y + shortcutNorm(shortcut(x)))
  }
}
