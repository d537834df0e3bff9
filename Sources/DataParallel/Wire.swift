package import Elements
import TensorCore

/// In which types and places buckets travel.
package struct Wire: Hashable, Sendable {
  /// Each bucket as it travels.
  package let stretches: [Stretch]
  /// Whether all buckets travel as they are stored, and where they are.
  package let isArena: Bool

  /// The wire of `buckets`, the last of which travels as it is; the others as `dtype`, where that is
  /// narrower.
  package init(_ buckets: [Stretch], narrowing dtype: DType? = nil) {
    var stretches = buckets
    var end = 0
    for index in buckets.indices {
      if let dtype, index < buckets.count - 1, dtype.size < buckets[index].dtype.size {
        stretches[index].dtype = dtype
      }
      stretches[index].start = end
      end +=
        BucketPlan.padded(stretches[index].count, stretches[index].dtype)
        * stretches[index].dtype.size
    }
    self.stretches = stretches
    isArena = stretches == buckets
  }

  /// What a rank sends of its own in a step, in bytes; the same comes back.
  package var byteCount: Int { stretches.last?.end ?? 0 }
}

/// An exchange of what is narrower than the gradients: converts at both ends.
final class ConvertingExchange: GradientExchange {
  private let stored: [Numbers]
  private let wire: [Numbers]
  private let exchange: any GradientExchange
  /// Where `wire` lies.
  private let memory: Storage

  /// `exchange` works on `wire`, which lies in `memory`.
  init(
    _ stored: [Numbers], _ wire: [Numbers], _ exchange: any GradientExchange, in memory: Storage
  ) {
    self.stored = stored
    self.wire = wire
    self.exchange = exchange
    self.memory = memory
  }

  var total: Double { exchange.total }

  func begin(weight: Double, total: Double?) { exchange.begin(weight: weight, total: total) }

  func publish(_ index: Int) {
    wire[index].copy(stored[index])
    exchange.publish(index)
  }

  func progress() { exchange.progress() }

  func finish() {
    exchange.finish()
    for (stored, wire) in zip(stored, wire) { stored.copy(wire) }
  }
}
