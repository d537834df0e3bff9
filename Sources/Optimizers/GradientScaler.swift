import Diagnostics
public import TensorCore

/// Scales a loss up before its backward pass, so that small gradients do not vanish in Float16, and
/// its gradients down again; finds the scale while training goes on, as PyTorch's `GradScaler`.
///
/// ```swift
/// let scaler = GradientScaler(naming: model.namedParameters())
///
/// optimizer.zeroGrad()
/// let loss = autocast(.float16) { crossEntropy(model(images), labels) }
/// scaler.scale(loss).backward()
/// scaler.unscale(optimizer)                         // only to look at gradients, or to clip them
/// clipGradientNorm(model.parameters(), maximum: 1)
/// scaler.step(optimizer)
/// try scaler.update()
/// ```
///
/// A step whose gradients are not all finite is left out, on all ranks alike: it is decided by the
/// gradients that were averaged over them. The scale is always a power of two, so that Float32
/// gradients have the same bits as without. Docs/mixed-precision.md tells more.
public final class GradientScaler {
  /// What losses are multiplied by.
  public internal(set) var lossScale: Float
  /// How many steps were left out because a gradient was not finite.
  public internal(set) var skippedSteps = 0
  /// Whether anything is scaled; without, a step is the optimiser's own.
  public let isEnabled: Bool
  private let growthFactor: Float
  private let backoffFactor: Float
  private let growthInterval: Int
  private let names: [ObjectIdentifier: String]
  /// Updates since the scale last changed.
  var growthTracker = 0
  /// The optimisers that were unscaled since the last update.
  private var turns: [Turn] = []

  private struct Turn {
    let optimizer: any Optimizer
    var hasStepped = false
    /// What to call a parameter whose gradient is not finite.
    let overflow: String?
  }

  /// The defaults are PyTorch's. Stops unless scale and factors are powers of two, the backoff
  /// factor below 1 and the others at least 1, and the interval positive.
  ///
  /// - Parameters:
  ///   - growthFactor: what the scale is multiplied by after `growthInterval` updates without an overflow.
  ///   - backoffFactor: what it is multiplied by after an overflow.
  ///   - isEnabled: with `false` nothing is scaled or checked.
  ///   - names: what messages call parameters, for example `model.namedParameters()`.
  public init(
    initialScale: Float = 65536, growthFactor: Float = 2, backoffFactor: Float = 0.5,
    growthInterval: Int = 2000, isEnabled: Bool = true, naming names: NamedParameters = []
  ) {
    check(
      [initialScale, growthFactor, 1 / backoffFactor].allSatisfy { $0 >= 1 && isPowerOfTwo($0) }
        && backoffFactor < 1,
      """
      GradientScaler: initial scale \(initialScale), growth factor \(growthFactor), backoff factor \
      \(backoffFactor); all must be powers of two, the last below 1 and the others at least 1
      """)
    check(
      growthInterval > 0, "GradientScaler: growth interval \(growthInterval); it must be positive")
    lossScale = isEnabled ? initialScale : 1
    self.growthFactor = growthFactor
    self.backoffFactor = backoffFactor
    self.growthInterval = growthInterval
    self.isEnabled = isEnabled
    self.names = Dictionary(names.map { (ObjectIdentifier($0.tensor), $0.name) }) { first, _ in
      first
    }
  }

  /// `loss` times the scale, to call `backward()` of. Stops unless the loss is float32: in float16
  /// the scale itself would overflow.
  public func scale(_ loss: Tensor) -> ScaledLoss {
    check(
      !isEnabled || loss.dtype == .float32,
      """
      GradientScaler.scale: a loss of \(loss.dtype); compute it in float32, from \
      logits.converted(to: .float32) or in autocast
      """)
    return ScaledLoss(loss: loss, scale: lossScale)
  }

  /// Makes the gradients of the parameters of `optimizer` those of the loss itself; `step` does it
  /// where this was not called.
  ///
  /// Gradients in Float32 are divided. Those in Float16 keep their values, so that no small one is
  /// lost; `clipGradientNorm`, `gradientNorm` and the optimiser divide them.
  ///
  /// Stops for gradients of a loss that this scaler did not scale, where there are none, and for
  /// the second time before `update()`.
  public func unscale(_ optimizer: any Optimizer) {
    guard isEnabled else { return }
    let name = optimizer.memory.optimizerName
    if let turn = turn(of: optimizer) {
      stop(
        """
        GradientScaler.unscale: \(turns[turn].hasStepped ? "after step()" : "a second time") for \
        this \(name) since update(); call it once, between backward() and step()
        """)
    }
    turns.append(Turn(optimizer: optimizer, overflow: unscaleGradients(of: optimizer.memory)))
  }

  /// Lets `optimizer` take its step, unless a gradient is not finite; unscales the gradients where
  /// `unscale` did not. The optimiser's schedule should heed whether it did.
  ///
  /// Stops where `unscale` does, and for the second time before `update()`.
  ///
  /// - Returns: Whether the step was taken.
  @discardableResult
  public func step(_ optimizer: any Optimizer) -> Bool {
    guard isEnabled else {
      optimizer.step()
      return true
    }
    if turn(of: optimizer) == nil { unscale(optimizer) }
    guard let turn = turn(of: optimizer) else { return false }
    check(
      !turns[turn].hasStepped,
      """
      GradientScaler.step: a second time for this \(optimizer.memory.optimizerName) since update(); call \
      update() after every step
      """)
    turns[turn].hasStepped = true
    guard turns[turn].overflow == nil else {
      skippedSteps += 1
      return false
    }
    optimizer.step()
    return true
  }

  /// Ends a step of all optimisers: halves the scale if a gradient was not finite, doubles it after
  /// 2000 updates without (see `init`).
  ///
  /// Stops if there was no step since the last call.
  ///
  /// - Throws: `GradientScalerError.collapsed`, exit code 79, where the scale would fall below 1:
  ///   the gradients are not finite because of something else.
  public func update() throws(GradientScalerError) {
    guard isEnabled else { return }
    check(
      turns.contains(where: \.hasStepped),
      "GradientScaler.update: no step since the last update(); call step(optimizer) before")
    let overflow = turns.lazy.compactMap(\.overflow).first
    turns = []
    if let overflow {
      growthTracker = 0
      guard lossScale * backoffFactor >= 1 else {
        throw .collapsed(parameter: overflow, skippedSteps: skippedSteps)
      }
      lossScale *= backoffFactor
    } else {
      growthTracker += 1
      guard growthTracker == growthInterval else { return }
      growthTracker = 0
      if (lossScale * growthFactor).isFinite { lossScale *= growthFactor }
    }
  }

  private func turn(of optimizer: any Optimizer) -> Int? {
    turns.firstIndex { $0.optimizer === optimizer }
  }
}

extension GradientScaler {
  /// Unscales all gradients; returns what to call the last parameter with one that is not finite:
  /// a backward pass reaches the last layers first, so that is where it began.
  private func unscaleGradients(of memory: OptimizerMemory) -> String? {
    completeGradients(of: memory.parameters)
    var overflow: String?
    var count = 0
    for (index, parameter) in memory.parameters.enumerated() {
      guard let leaf = parameter.leaf, let gradient = leaf.gradient else { continue }
      count += 1
      requireScaled(leaf, "parameter \(index) of this \(memory.optimizerName)")
      if !leaf.settle(gradient, dividingBy: lossScale) {
        overflow =
          names[ObjectIdentifier(parameter)] ?? "parameter \(index) of shape \(parameter.shape)"
      }
    }
    check(
      count > 0,
      """
      GradientScaler.step: no parameter of this \(memory.optimizerName) has a gradient; call \
      scale(loss).backward() before
      """)
    return overflow
  }

  /// Stops unless the gradient of `leaf` is that of a loss times the scale.
  private func requireScaled(_ leaf: Leaf, _ name: String) {
    switch leaf.gradientScale {
    // This rank had no part of the batch; the other ranks have the same scale.
    case .unknown: break
    case .ofLoss(let scale):
      check(
        scale == lossScale,
        """
        GradientScaler.step: the gradient of \(name) is that of a loss scaled by \(scale) and not by \
        \(lossScale); call scale(loss).backward()
        """)
    case .settled:
      stop(
        """
        GradientScaler.step: the gradient of \(name) was unscaled in an earlier step; call zeroGrad() \
        and scale(loss).backward()
        """)
    }
  }
}

/// A loss times the scale of a `GradientScaler`: good for gradients and nothing else, so that no
/// scaled loss is taken for the loss itself.
public struct ScaledLoss {
  fileprivate let loss: Tensor
  fileprivate let scale: Float

  /// Computes the gradients of the scaled loss; see `Tensor.backward`.
  public func backward(retainGraph: Bool = false) {
    loss.backward(scaledBy: scale, retainGraph: retainGraph)
  }
}

func isPowerOfTwo(_ value: Float) -> Bool { value.isFinite && value.significand == 1 }
