#if MPI
import Lockstep

let coreChecks = [
  /// Ranks that pretend masks and a container's limit: 0 and 1 share four cores, 2 and 3 have a limit.
  NamedCheck("pretendedMasks") { world in
    guard let mpi = world as? MPICommunicator, mpi.size == 4 else {
      stop("pretendedMasks: to be run on 4 ranks")
    }
    let cores = mpi.rank < 2 ? 8..<12 : 16..<48
    let own = CoreAllowance(
      cores: cores.map { .init(number: $0, threads: [$0, $0 + 64]) },
      quotas: mpi.rank < 2 ? [] : [.init(group: -5, cores: 6.5)])
    let shares = CoreAllowance.shares(of: mpi.allowances(own))
    check(shares == [2, 2, 3, 3], "pretendedMasks: shares \(shares)")
  },
  /// The real ones. Nobody chose a number, so all threads together fit the cores.
  NamedCheck("sharedCores") { world in
    guard let mpi = world as? MPICommunicator else { stop("sharedCores: started without mpirun") }
    let own = CoreAllowance.current()
    let expected = CoreAllowance.shares(of: mpi.allowances(own))[mpi.localRank]
    check(Threads.count == expected, "sharedCores: \(Threads.count) threads, not \(expected)")
    let masks = mpi.gather(own.cores.map { "\($0.number)" }.joined(separator: ","))
    let sharing = masks.filter { $0 == masks[mpi.rank] }.count
    if Set(masks).count == 1 {
      let each = max(1, own.count / sharing)
      check(Threads.count == each, "sharedCores: \(Threads.count) threads of \(own.count) cores")
    }
  },
  NamedCheck("chosenThreads") { _ in
    check(Threads.count == 5, "chosenThreads: \(Threads.count) threads, but 5 were chosen")
  },
]
#else
let coreChecks: [NamedCheck] = []
#endif
