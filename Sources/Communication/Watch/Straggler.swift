import Steps
import Support
import Synchronization

extension Communicator {
  /// A sentence that names the rank, by its number in the job, for which the others have waited, where
  /// that cost more than `threshold` seconds and a twentieth of the last `seconds`; nil where it did
  /// not matter or nothing is known. Collective.
  ///
  /// Ranks wait for each other in turn, which evens out: what the rank that waited least has waited
  /// is the share of chance. What the others waited on top of it is what that rank has cost them.
  public func stragglerReport(over seconds: Double, beyond threshold: Double = 1) -> String? {
    guard size > 1 else { return nil }
    let waited = gather([watch?.waitedSeconds ?? 0]).map { $0[0] }
    return straggler(
      waited, over: seconds, beyond: threshold, numbered: numbersInJob(of: Array(0..<size)))
  }
}

/// The sentence of `stragglerReport` where each rank has waited for others so many seconds.
///
/// - Parameter numbers: how it calls each rank.
package func straggler(
  _ waited: [Double], over seconds: Double, beyond threshold: Double, numbered numbers: [Int]
) -> String? {
  guard let least = waited.min(), let slowest = waited.firstIndex(of: least) else { return nil }
  let cost = (waited.reduce(0, +) - least) / Double(waited.count - 1) - least
  guard cost > threshold, cost > 0.05 * seconds else { return nil }
  let percent = Int((100 * cost / seconds).rounded())
  return
    """
    rank \(numbers[slowest]) is slow: the others waited \(duration(cost)) for it, \(percent) % of \
    the time
    """
}
