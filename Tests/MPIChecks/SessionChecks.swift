import Communication
import Diagnostics
import Glibc

let sessionChecks = [
  NamedCheck("identity") { world in
    check(world.isRoot == (world.rank == 0), "isRoot on rank \(world.rank)")
    let hosts = world.gather(world.host)
    check(hosts.allSatisfy { $0 == world.host }, "hosts \(hosts) of a job on one machine")
    check(
      world.localRank == world.rank && world.localSize == world.size,
      "local rank \(world.localRank)/\(world.localSize) of a job on one machine")
    #if MPI
    guard let mpi = world as? MPICommunicator else { stop("identity: started without mpirun") }
    check(mpi.threadLevel == .multiple, "thread level \(mpi.threadLevel)")
    let version = MPICommunicator.libraryVersion
    check(version.hasPrefix("Open MPI v"), "library version \(version)")
    #endif
  },
  NamedCheck("nested") { world in
    world.step.batch = BatchShare(local: 3, global: 8)
    let inner = try withCommunicator { inner in
      inner.barrier()
      return inner.step.batch
    }
    check(inner == world.step.batch, "nested: another communicator")
    world.step.batch = nil
  },
]

func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

/// Never returns: what comes of it ends the job, or the suite does.
func pauseForEver() -> Never { while true { sleep(1000) } }
