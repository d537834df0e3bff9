import CRuntime

/// Runs `body` without recording anything for gradients, on this thread.
///
/// For evaluation and for updates of parameters. Scopes nest. Layers behave as before: dropout and
/// batch normalisation ask for `eval()`.
///
/// ```swift
/// model.eval()
/// let scores = noGrad { model(images) }  // no graph, and no memory for one
/// model.train()
/// ```
public func noGrad<Result, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let depth = lk_no_grad_depth()
  depth.pointee += 1
  defer { depth.pointee -= 1 }
  return try body()
}

/// Runs `body` with recording on, also inside a `noGrad` scope.
func withGradient<Result>(_ body: () -> Result) -> Result {
  let depth = lk_no_grad_depth()
  let outer = depth.pointee
  depth.pointee = 0
  defer { depth.pointee = outer }
  return body()
}

/// Whether operations on this thread record what their gradients need.
public var isGradientEnabled: Bool { lk_no_grad_depth().pointee == 0 }
