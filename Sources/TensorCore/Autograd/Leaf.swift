import Diagnostics
import Elements

/// The node of a tensor that the user made with `requiresGrad`: where gradients end up.
package final class Leaf: Node {
  /// The accumulated gradient; nil until a pass reaches the leaf.
  package var gradient: Tensor? {
    didSet { if gradient == nil { gradientScale = .unknown } }
  }
  /// How the gradient relates to that of the loss.
  package var gradientScale = GradientScale.unknown
  /// Where gradients are to be accumulated: contiguous, of the leaf's shape; nil: anywhere.
  package var slot: Tensor?
  /// What users want called when the gradient has been added to.
  var accumulationHooks: [AccumulationHook] = []
  /// The type that the tensor was converted to, whose leaf this one is no more; nil while it is.
  var replacement: DType?
  /// Whoever averages this leaf's gradients.
  package var averager: (any GradientAverager)?

  init(shape: Shape, dtype: DType) { super.init(name: "leaf", shape: shape, dtype: dtype) }

  /// A leaf of another type in place of `other`.
  convenience init(shape: Shape, dtype: DType, hooksOf other: Leaf) {
    self.init(shape: shape, dtype: dtype)
    hooks = other.hooks
    accumulationHooks = other.accumulationHooks
  }
}

/// What makes the gradients of several passes, on several ranks, those of one mean. Attached to
/// leaves; the engine calls it.
package protocol GradientAverager: AnyObject {
  /// Called before a pass that reaches any of its leaves and begins at `loss`, times `scale`. Returns
  /// the factor that weighs the gradients of the pass; may weigh the means of the loss besides.
  func passWillBegin(_ loss: PassLoss, scale: Float) -> Float
  /// Called when `leaf` has received its last contribution of a pass.
  func gradientIsReady(of leaf: Leaf)
  /// Called after a pass.
  func passDidEnd()
  /// Called before gradients are used: from here on they must be final.
  func completeGradients()
  /// Called between steps when parameters and buffers have other values, on all ranks alike.
  func valuesWereReplaced()
}

/// Makes the gradients of `parameters` final, where they are averaged over passes or ranks.
package func completeGradients(of parameters: [Tensor]) {
  var last: (any GradientAverager)?
  for parameter in parameters {
    // Neighbours mostly have the same one, and to complete what is complete does nothing.
    guard let averager = parameter.leaf?.averager, averager !== last else { continue }
    averager.completeGradients()
    last = averager
  }
}

extension Tensor {
  package var leaf: Leaf? { node as? Leaf }

  /// Whether gradients are computed for this tensor.
  ///
  /// Set it on tensors that you made, such as parameters. Clearing it drops `grad`; setting it
  /// again brings hooks, and the place of the gradient among those of all ranks, back. Stops for
  /// integer tensors, and for results of operations, which require a gradient because an input
  /// does: use `detached()` there.
  public var requiresGrad: Bool {
    get { node != nil }
    set {
      guard newValue != requiresGrad else { return }
      check(
        dtype.isFloatingPoint, "requiresGrad: a tensor of \(dtype) has no gradient; use float32")
      check(
        !(node is Operation),
        "requiresGrad: cannot be cleared on the result of \(node?.name ?? ""); use detached()")
      if newValue {
        // A pass through an older graph may have reached it meanwhile.
        frozenLeaf?.gradient = nil
        node = frozenLeaf ?? Leaf(shape: shape, dtype: dtype)
        frozenLeaf = nil
      } else {
        frozenLeaf = leaf
        leaf?.gradient = nil
        node = nil
      }
    }
  }

  /// Whether `requiresGrad` was set and has been cleared: the tensor is a parameter that is not
  /// trained for now.
  public var isFrozen: Bool { frozenLeaf != nil }

  /// The gradient that `backward()` accumulated; nil before the first pass and after `zeroGrad()`.
  ///
  /// Setting it to a tensor stops unless this is a leaf that requires a gradient, of the same shape
  /// and type.
  public var grad: Tensor? {
    get { leaf?.gradient ?? (node as? Operation)?.retained?.gradient }
    set {
      guard let newValue else {
        leaf?.gradient = nil
        (node as? Operation)?.retained?.gradient = nil
        return
      }
      guard let leaf else {
        stop(
          """
          grad: a gradient for a tensor of shape \(shape) that is no leaf that requires one; set \
          requiresGrad first
          """)
      }
      check(
        newValue.shape == shape && newValue.dtype == dtype,
        """
        grad: a gradient of \(newValue.dtype) and shape \(newValue.shape) for a tensor of \(dtype) \
        and shape \(shape)
        """)
      if let slot = leaf.slot {
        noGrad { slot.assign(newValue) }
        leaf.gradient = slot
      } else {
        leaf.gradient = newValue.contiguousValues().detached()
      }
      leaf.gradientScale = .ofLoss(times: 1)
    }
  }
}
