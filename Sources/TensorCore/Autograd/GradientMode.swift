import CKernels

/// Runs `body` without recording anything for gradients, on this thread.
///
/// For evaluation and for updates of parameters. Scopes nest.
public func noGrad<Result, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let depth = lk_no_grad_depth()
  depth.pointee += 1
  defer { depth.pointee -= 1 }
  return try body()
}

/// Whether operations on this thread record what their gradients need.
public var isGradientEnabled: Bool { lk_no_grad_depth().pointee == 0 }
