import Diagnostics

/// A function that sees a gradient, and may replace it; remove it with `remove()`.
public final class GradientHook {
  let body: (Tensor) -> Tensor?
  private weak var node: Node?

  init(_ node: Node, _ body: @escaping (Tensor) -> Tensor?) {
    self.node = node
    self.body = body
  }

  /// Takes the hook off its tensor.
  public func remove() { node?.hooks.removeAll { $0 === self } }
}

/// A function that is called when a leaf's gradient has been added to; remove it with `remove()`.
public final class AccumulationHook {
  let body: () -> Void
  private weak var leaf: Leaf?

  init(_ leaf: Leaf, _ body: @escaping () -> Void) {
    self.leaf = leaf
    self.body = body
  }

  /// Takes the hook off its tensor.
  public func remove() { leaf?.accumulationHooks.removeAll { $0 === self } }
}

/// The gradient of an operation's result that `retainGrad` asked for.
final class RetainedGradient {
  var gradient: Tensor?
}

extension Tensor {
  /// Calls `body` with this tensor's complete gradient in every backward pass, before it is used; a
  /// tensor that `body` returns takes its place.
  ///
  /// Runs without recording. Stops unless the tensor requires a gradient.
  @discardableResult
  public func registerHook(_ body: @escaping (_ gradient: Tensor) -> Tensor?) -> GradientHook {
    guard let node else {
      stop("registerHook: a tensor of shape \(shape) that does not require a gradient")
    }
    let hook = GradientHook(node, body)
    node.hooks.append(hook)
    return hook
  }

  /// Calls `body` in every backward pass when the last contribution to this leaf's `grad` has been
  /// added: the moment from which the gradient may travel or be used.
  @discardableResult
  public func registerPostAccumulateGradHook(
    _ body: @escaping (_ leaf: Tensor) -> Void
  ) -> AccumulationHook {
    guard let leaf else {
      stop("registerPostAccumulateGradHook: a tensor of shape \(shape) that is no leaf")
    }
    // Unowned: the leaf belongs to the tensor.
    let hook = AccumulationHook(leaf) { [unowned self] in body(self) }
    leaf.accumulationHooks.append(hook)
    return hook
  }

  /// Lets `retainGrad` go on for what this tensor has become since it was the result of `before`.
  func keepRetaining(since before: Node?) {
    guard let before = before as? Operation, let retained = before.retained,
      let now = node as? Operation, now !== before
    else { return }
    before.retained = nil
    now.retained = retained
  }

  /// Keeps the gradient of this result of an operation in `grad`, as that of a leaf is kept. After a
  /// change in place it is that of the changed tensor.
  public func retainGrad() {
    check(
      requiresGrad, "retainGrad: a tensor of shape \(shape) that does not require a gradient")
    guard let operation = node as? Operation, operation.retained == nil else { return }
    operation.retained = RetainedGradient()
  }
}
