import Diagnostics
import Glibc
import Support
import Synchronization

/// Finding out that ranks disagree about a collective, and saying so.
extension Watch {
  /// Whether this rank and the next one of the host have passed different things to a collective
  /// that both have come to.
  var differsFromNeighbor: Bool {
    let other = (localRank + 1) % board.records.count
    return Lane.allCases.contains { lane in
      let number = Swift.min(
        mine.pointee.lanes[lane.rawValue].entered.load(ordering: .acquiring),
        board.records[other].pointee.lanes[lane.rawValue].entered.load(ordering: .acquiring))
      guard let chain = board.ring(lane, localRank).chain(number),
        let theirs = board.ring(lane, other).chain(number)
      else { return false }
      return chain != theirs
    }
  }

  /// Ends the job with status 76 if the ranks of this host disagree about a collective.
  ///
  /// Where hosts hear of each other they are given time to name the ranks of all of them; of parts they
  /// hear nothing.
  func endIfMismatched() {
    guard Mismatch(histories()) != nil else { return }
    if isComparedElsewhere {
      board.noteSuspicion()
      sleep(UInt32(HostWatch.grace))
    } else {
      usleep(50_000)  // so that ranks which are about to call it are named too
    }
    if let mismatch = Mismatch(histories()) {
      member.end(mismatch.sentence(of: part), .ranksDisagree)
    }
  }

  /// Ends the job with status 76 if ranks of this host disagree about a collective of a part.
  func endIfPartMismatched() {
    for part in parts where part.differsFromNeighbor { part.endIfMismatched() }
  }

  /// Whether the hosts compare what their ranks pass.
  private var isComparedElsewhere: Bool { whole == nil && !member.isOneHost }

  /// Ends the job with status 76 if the reason of an error of MPI is that ranks disagree about a
  /// collective: MPI notices it on some of them at most.
  func endIfErrorIsMismatch() {
    endIfMismatched()
    guard isComparedElsewhere else { return }
    // The hosts compare themselves every tenth of a second.
    for _ in 0..<200 where !board.isSuspected { usleep(10_000) }
    if board.isSuspected { sleep(UInt32(HostWatch.grace)) }
  }

  /// Ends the job with status 76 if ranks disagree about a collective: to be called by all ranks when
  /// they call none any more.
  ///
  /// - Parameter largest: replaces each value by the largest that the first rank of any host has.
  func endIfMismatched(atLast largest: (inout [UInt64]) -> Void) {
    endIfPartMismatched()
    if differsFromNeighbor { endIfMismatched() }
    guard localRank == 0, !member.isOneHost else { return }
    // Complements turn the largest into the smallest.
    var numbers: [UInt64] = Lane.allCases.map { lane in
      ~mine.pointee.lanes[lane.rawValue].entered.load(ordering: .acquiring)
    }
    largest(&numbers)
    var chains: [UInt64] = []
    for lane in Lane.allCases {
      let chain = board.ring(lane, 0).chain(~numbers[lane.rawValue])
      chains += chain.map { [$0, ~$0] } ?? [0, 0]
    }
    largest(&chains)
    let isDifferent = Lane.allCases.indices.contains { lane in
      let (most, least) = (chains[2 * lane], ~chains[2 * lane + 1])
      return most != least && (most, least) != (0, ~0)
    }
    guard isDifferent else { return }
    board.noteSuspicion()
    sleep(UInt32(HostWatch.grace))
    member.end("the hosts disagree about a collective", .ranksDisagree)
  }

  /// The last collectives of all ranks of this host.
  func histories() -> [RankHistory] {
    board.records.indices.map { local in
      let state = RankState(local, on: board, at: monotonicNanoseconds())
      return RankHistory(
        rank: PlacedRank(rank: Int(state.rank), host: member.placeName), phase: state.phaseOfCall,
        lanes: Lane.allCases.map { board.entries($0, local) })
    }
  }
}
