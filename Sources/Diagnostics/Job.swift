import Synchronization

/// How many ranks work together, and which of them this process is, for those who know no communicator.
package enum Job {
  private static let ranks = Atomic(1)
  private static let ownRank = Atomic(0)

  /// The number of ranks that a launcher has started, or of those in the communicator that the program
  /// has handed over; 1 in a plain process.
  package static var size: Int { ranks.load(ordering: .relaxed) }

  /// Whether this process is the one that speaks for all.
  package static var isRoot: Bool { ownRank.load(ordering: .relaxed) == 0 }

  /// "rank 1: ", to begin a message with that this process alone has; empty in a plain process.
  package static var prefix: String {
    size > 1 ? "rank \(ownRank.load(ordering: .relaxed)): " : ""
  }

  /// Says what this process is of.
  package static func join(rank: Int, size: Int) {
    ranks.store(size, ordering: .relaxed)
    ownRank.store(rank, ordering: .relaxed)
  }
}
