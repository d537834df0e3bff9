public import TensorCore

/// A function that sees the results of a module; remove it with `remove()`.
public final class ForwardHook {
  let body: (_ module: Module, _ outputs: [Tensor]) -> Void
  private weak var module: Module?

  init(_ module: Module, _ body: @escaping (Module, [Tensor]) -> Void) {
    self.module = module
    self.body = body
  }

  /// Takes the hook off its module.
  public func remove() { module?.forwardHooks.removeAll { $0 === self } }
}

extension Module {
  /// Calls `body` with the results of every call of this module, in the order of registration.
  ///
  /// It sees what a model computes in its middle: activations to look at, features to keep. The
  /// results cannot be replaced.
  @discardableResult
  public func registerForwardHook(
    _ body: @escaping (_ module: Module, _ outputs: [Tensor]) -> Void
  ) -> ForwardHook {
    let hook = ForwardHook(self, body)
    forwardHooks.append(hook)
    return hook
  }

  /// Shows `outputs` to this module's hooks.
  ///
  /// Calling a `Layer` does so. A module with a call of its own, of several inputs for example,
  /// calls this with its results to be seen by hooks and by `summary`.
  public func notifyForwardHooks(_ outputs: @autoclosure () -> [Tensor]) {
    guard !forwardHooks.isEmpty else { return }
    let outputs = outputs()
    for hook in forwardHooks { hook.body(self, outputs) }
  }
}
