import Communication
import Kernels

/// How the buckets of all ranks become sums over all ranks.
///
/// In every round each rank publishes every bucket once, in any order, and then finishes. A
/// published bucket must not be touched until the round is finished.
package protocol GradientExchange: AnyObject {
  /// Says that this rank's part of bucket `index` is complete.
  func publish(_ index: Int)
  /// Does what can be done without waiting for another rank.
  func progress()
  /// Returns when all buckets of all ranks hold the sums. To be called when all are published.
  func finish()
}

/// The exchange of a rank that is alone.
final class SoloExchange: GradientExchange {
  func publish(_ index: Int) {}
  func progress() {}
  func finish() {}
}

/// Messages with all buckets at the end of the round: where ranks share no memory, and the
/// yardstick for what is done where they do.
final class MessageExchange: GradientExchange {
  private let sum: () -> Void

  /// `sum` replaces all values by their sums; collective.
  init(sum: @escaping () -> Void) { self.sum = sum }

  /// Sums `stretches` of the block at `start`, one message for those of one type.
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
    self.init {
      for message in messages {
        let memory = start + message.start
        switch message.dtype {
        case .float16:
          world.allReduce(
            UnsafeMutableBufferPointer(
              start: memory.assumingMemoryBound(to: Float16.self), count: message.count), .sum)
        default:
          world.allReduce(
            UnsafeMutableBufferPointer(
              start: memory.assumingMemoryBound(to: Float.self), count: message.count), .sum)
        }
      }
    }
  }

  func publish(_ index: Int) {}
  func progress() {}
  func finish() { sum() }
}
