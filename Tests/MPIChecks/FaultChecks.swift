import Communication
import Diagnostics
import Glibc
import Support

/// What the suite makes ranks fail with.
struct InjectedFailure: ReportableError {
  let description = "labels.gz: label 12 at index 4711 is not below 10"
  let exitCode = ExitCode.badData
}

/// In each the last rank fails, if not all, while the others wait for it in a collective.
let faultChecks = [
  NamedCheck("throwOnLast") { world in
    if isLast(world) { throw InjectedFailure() }
    world.barrier()
  },
  NamedCheck("throwOnAll") { _ in throw InjectedFailure() },
  NamedCheck("throwOnLastLate") { world in
    // `main` makes the other ranks leave their body and exit meanwhile.
    guard isLast(world) else { return }
    pause(milliseconds: 300)
    throw InjectedFailure()
  },
  NamedCheck("failCheckOnLast") { world in
    check(!isLast(world), "matmul: [2, 3] x [4, 5]: inner dimensions 3 and 4 differ")
    world.barrier()
  },
  NamedCheck("failCheckOnThread") { world in
    // The thread that runs the body is inside MPI, waiting for rank 0, when another one fails.
    if isLast(world) { failCheckOnThread() }
    if world.isRoot { pauseForEver() }
    world.barrier()
  },
  NamedCheck("trapOnLast") { world in
    let numbers = [0, 1, 2]
    let index = isLast(world) ? numbers.count : 0
    print(numbers[index])
    world.barrier()
  },
  NamedCheck("killLast") { world in
    if isLast(world) { kill(getpid(), SIGKILL) }
    world.barrier()
  },
  NamedCheck("exitOnLast") { world in
    if isLast(world) { exit(0) }
    world.barrier()
  },
  NamedCheck("truncate") { world in
    // MPI tells the ranks whose buffer is too short; the root does not notice.
    waitForOthers(world, on: 0)
    var data = [UInt8](repeating: 0, count: world.isRoot ? 2000 : 1000)
    data.withUnsafeMutableBytes { world.broadcast($0, from: 0) }
    world.barrier()
  },
]

func isLast(_ world: any Communicator) -> Bool { world.rank == world.size - 1 }

/// On one rank, returns when all others of its host are in their next collective, where they wait for
/// it.
func waitForOthers(_ world: any Communicator, on rank: Int) {
  guard world.rank == rank, let watch = world.watch else { return }
  let mine = watch.enteredCollectives[world.localRank]
  while watch.enteredCollectives.count(where: { $0 > mine }) < world.localSize - 1 {
    pause(milliseconds: 1)
  }
}

/// Fails a check on another thread than the one that runs the body.
private func failCheckOnThread() {
  let thread = SystemThread("check") {
    pause(milliseconds: 100)
    stop("gemm: a worker failed")
  }
  check(thread != nil, "failCheckOnThread: no thread")
}
