import CRuntime
import Diagnostics

/// Runs `body`; a backward pass in it that computes a NaN or infinity stops with the operation that
/// first did so and the line that called it.
///
/// Looks at every gradient, so it costs time: for finding a mistake, not for training.
public func detectAnomaly<Result, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let depth = lk_anomaly_depth()
  depth.pointee += 1
  defer { depth.pointee -= 1 }
  return try body()
}

extension BackwardPass {
  /// `share`, after a look at its values where anomalies are looked for.
  func checked(_ share: Tensor, of operation: Operation) -> Tensor {
    guard lk_anomaly_depth().pointee > 0 else { return share }
    let isFinite = share.floats.allSatisfy(\.isFinite)
    check(
      isFinite,
      """
      detectAnomaly: the gradient of \(operation.name), called at \(operation.site.line), has a NaN or \
      infinity; its shape is \(share.shape)
      """)
    return share
  }
}
