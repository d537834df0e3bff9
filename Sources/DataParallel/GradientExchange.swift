import Communication
import Elements

/// How the buckets of all ranks become their sums over all ranks, and those means.
///
/// In every round each rank says how much its passes weigh, publishes every bucket once, in any order,
/// and then finishes. A published bucket must not be touched until the round is finished. All buckets
/// but the last are then divided by the sum of the weights, where their sums are made.
package protocol GradientExchange: AnyObject {
  /// Begins a round in which this rank's passes weigh `weight`. `total` is what the sums are divided
  /// by where that is known, the same on all ranks; nil: the sum of the weights.
  func begin(weight: Double, total: Double?)
  /// Says that this rank's part of bucket `index` is complete.
  func publish(_ index: Int)
  /// Does what can be done without waiting for another rank.
  func progress()
  /// Returns when all buckets of all ranks hold the means. To be called when all are published.
  func finish()
  /// What the sums of the last round were divided by.
  var total: Double { get }
}

/// What a sum of weights makes a mean of; of nothing the sum is 0, and stays so.
func meanFactor(_ total: Double) -> Float { total == 0 ? 1 : Float(1 / total) }

/// The exchange of a rank that is alone.
final class SoloExchange: GradientExchange {
  private let buckets: ArraySlice<Numbers>
  private(set) var total = 1.0

  /// `buckets` are those of gradients, and the last one.
  init(_ buckets: [Numbers]) { self.buckets = buckets.dropLast() }

  func begin(weight: Double, total: Double?) { self.total = total ?? weight }
  func publish(_ index: Int) {
    // The bucket's last gradient has just been added to: it is in the cache.
    let factor = meanFactor(total)
    if factor != 1, buckets.indices.contains(index) { buckets[index].scale(by: factor) }
  }
  func progress() {}
  func finish() {}
}

/// Messages with all buckets at the end of the round: where ranks share no memory, and the
/// yardstick for what is done where they do.
final class MessageExchange: GradientExchange {
  private let sum: (_ total: Double?) -> Double
  private var known: Double?
  private(set) var total = 1.0

  /// `sum` replaces all values by their means, and returns what it divided by; collective.
  init(sum: @escaping (_ total: Double?) -> Double) { self.sum = sum }

  /// Sums `stretches` of the block at `start`, one message for those of one type; the last of them
  /// says what the others are divided by.
  convenience init(
    _ stretches: [Stretch], of start: UnsafeMutableRawPointer, over world: any Communicator
  ) {
    var messages: [Stretch] = []
    for stretch in stretches {
      if let last = messages.last, last.dtype == stretch.dtype, last.end == stretch.start {
        messages[messages.count - 1].count += stretch.count
      } else {
        messages.append(stretch)
      }
    }
    let buckets = stretches.map { Numbers($0, of: start) }
    self.init { known in
      for message in messages { Numbers(message, of: start).sum(over: world) }
      let total = known ?? LayoutTail(buckets[buckets.count - 1]).weight
      let factor = meanFactor(total)
      if factor != 1 { for bucket in buckets.dropLast() { bucket.scale(by: factor) } }
      return total
    }
  }

  func begin(weight: Double, total: Double?) { known = total }
  func publish(_ index: Int) {}
  func progress() {}
  func finish() { total = sum(known) }
}
