import Support

/// One rank of a host that is neither process nor thread, for tests of what watchdogs make of ranks: its
/// record, and a watchdog that looks when it is told to.
package struct SimulatedRank {
  /// Its record.
  package let watch: Watch
  /// The watchdog; it has no thread.
  package let watchdog: Watchdog

  /// All `count` ranks of a job on one host, inside of `withCommunicator`. Their memory stays.
  package static func all(_ count: Int) -> [SimulatedRank] {
    let size = HostBoard.byteCount
    let blocks = (0..<count).map { _ in
      let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
      block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      return block
    }
    let boards = (0..<count).map { HostBoard(in: blocks, localRank: $0, rank: $0) }
    return boards.indices.map { rank in
      var member = JobMember()
      (member.rank, member.size) = (rank, count)
      let watch = Watch(
        boards[rank], localRank: rank, ranks: Array(0..<count), member, partOf: nil)
      watch.note(.inBody)
      return SimulatedRank(watch: watch, watchdog: Watchdog(watch))
    }
  }

  /// A moment long after all that ranks have noted, from which a test may count.
  package static let start = monotonicNanoseconds() + 1 << 50

  /// Enters a barrier over all ranks.
  package func enterBarrier() { watch.enter(.barrier) }

  /// Comes out of it.
  package func leaveBarrier() { watch.leave(.barrier, comparedWith: nil) }

  /// Has come to leave MPI.
  package func leave() { watch.note(.leaving) }
}
