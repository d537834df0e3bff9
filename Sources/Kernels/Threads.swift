import CKernels
import Glibc
import Synchronization

/// How many threads the kernels of this process use, the calling thread included.
public enum Threads {
  /// Set it before training starts; at least 1. The first value is `LOCKSTEP_NUM_THREADS`, or else
  /// this rank's share of the cores that the process may run on.
  public static var count: Int {
    get { ThreadTeam.shared.count }
    set { ThreadTeam.shared.resize(to: max(1, newValue)) }
  }

  /// The cores that the process may run on.
  public static var availableCores: Int { max(1, Int(lk_available_cores())) }

  /// A rank that its launcher bound to some cores uses those; ranks that share all cores divide
  /// them.
  package static func defaultCount() -> Int {
    func integer(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
    if let requested = integer("LOCKSTEP_NUM_THREADS"), requested > 0 { return requested }
    let available = availableCores
    let isBound = available < sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let ranksHere = integer("OMPI_COMM_WORLD_LOCAL_SIZE") ?? integer("MPI_LOCALNRANKS") ?? 1
    return isBound ? available : max(1, available / max(1, ranksHere))
  }
}

/// Calls `body` for every piece `0 ..< pieces`, spread over the threads of this process; returns
/// when all are done.
///
/// Which thread runs a piece is left to chance, so `body` must write only what belongs to its
/// piece. What a piece is must depend on the problem alone, never on the number of threads: that
/// keeps results equal.
package func parallelFor(_ pieces: Int, _ body: (_ piece: Int) -> Void) {
  if pieces <= 1 || Threads.count == 1 {
    for piece in 0..<pieces { body(piece) }
  } else {
    ThreadTeam.shared.run(pieces, body)
  }
}

/// Calls `body` on ranges of at least `grain` indices that together make `0 ..< count`.
///
/// For bodies whose result for an index does not depend on the range that it came in.
package func parallelRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
  let pieces = min(count / max(1, grain), 4 * Threads.count)
  if pieces <= 1 || Threads.count == 1 {
    if count > 0 { body(0..<count) }
    return
  }
  ThreadTeam.shared.run(pieces) { piece in
    // Multiples of 16 elements, so that no two threads write to one cache line.
    let lower = piece * count / pieces & ~15
    let upper = piece == pieces - 1 ? count : (piece + 1) * count / pieces & ~15
    body(lower..<upper)
  }
}
