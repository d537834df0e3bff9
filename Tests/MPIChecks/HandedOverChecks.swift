#if MPI
import CMPI
import Communication
import Diagnostics
import Glibc
import Lockstep

/// Programs that start MPI themselves and hand a communicator over.
let programs: [String: @Sendable () throws -> Void] = [
  "handsOver": handOver,
  "handsOverAgain": {
    startMPI()
    for round in 1...20 {
      let size = try withCommunicator(over: cmpi_comm_world()) { world in
        Int(world.split(color: world.rank / 2).sum([1])[0])
      }
      check(size > 0, "a part of \(size) ranks in round \(round)")
    }
    MPI_Finalize()
  },
  "handsOverAndThrows": {
    startMPI()
    try withCommunicator(over: cmpi_comm_world()) { world in
      if isLast(world) { throw InjectedFailure() }
      world.barrier()
    }
  },
  "handsOverSingleRanks": {
    startMPI()
    let rank = rankOfJob()
    var own: MPI_Comm?
    MPI_Comm_split(cmpi_comm_world(), rank, 0, &own)
    do {
      try withCommunicator(over: own, onFailure: .rethrow) { _ in throw InjectedFailure() }
    } catch { print("rank \(rank) caught \(error)") }
    MPI_Barrier(cmpi_comm_world())
    MPI_Finalize()
  },
  "handsOverAndHangs": {
    startMPI()
    // The ranks count from the other end in what is handed over.
    let rank = rankOfJob()
    var turned: MPI_Comm?
    MPI_Comm_split(cmpi_comm_world(), 0, -rank, &turned)
    try withCommunicator(over: turned) { world in
      if world.isRoot {
        world.note("dreaming")  // dreams in what was handed over
        pauseForEver()
      }
      world.barrier()
    }
  },
  "usesWorldTooLate": {
    startMPI()
    var kept: (any Communicator)?
    try withCommunicator(over: cmpi_comm_world()) { kept = $0 }
    kept?.note("nothing")
    kept?.barrier()
  },
  "usesWindowTooLate": {
    startMPI()
    var kept: SharedWindow?
    try withCommunicator(over: cmpi_comm_world()) { kept = $0.makeSharedWindow(byteCount: 8) }
    if rankOfJob() == 0 { kept?.barrier() }
    pauseForEver()
  },
  "trainsTooLate": {
    startMPI()
    let model = Linear(3, 2)
    try withCommunicator(over: cmpi_comm_world()) { world in
      model.averageGradients(over: world.split(color: 0))
      model(Tensor.ones([1, 3])).sum().backward()
    }
    if rankOfJob() == 0 { model(Tensor.ones([1, 3])).sum().backward() }
    pauseForEver()
  },
  "handsOverAndForgets": {
    startMPI()
    var group: MPI_Comm?
    let isFirst = rankOfJob() == 0
    MPI_Comm_split(cmpi_comm_world(), isFirst ? MPI_UNDEFINED : 1, 0, &group)
    if !isFirst {
      try withCommunicator(over: group) { _ in
        let model = Linear(3, 2)
        let optimizer = SGD(model.parameters(), learningRate: 0.1)
        model(Tensor.ones([1, 3])).sum().backward()
        optimizer.step()
      }
    }
    MPI_Finalize()
  },
  "handsOverPartOfOneThread": {
    MPI_Init(nil, nil)
    var group: MPI_Comm?
    let isFirst = rankOfJob() == 0
    MPI_Comm_split(cmpi_comm_world(), isFirst ? MPI_UNDEFINED : 1, 0, &group)
    if !isFirst { try withCommunicator(over: group) { _ in } }
    MPI_Barrier(cmpi_comm_world())
  },
  "handsOverSomeOfTheHost": {
    startMPI()
    let rank = rankOfJob()
    let before = Threads.count
    var group: MPI_Comm?
    MPI_Comm_split(cmpi_comm_world(), rank == 0 ? MPI_UNDEFINED : 1, 0, &group)
    if rank > 0 {
      try withCommunicator(over: group) { _ in
        check(Threads.count == before, "\(Threads.count) threads and not \(before)")
      }
    }
    MPI_Finalize()
  },
  "handsOverBeforeInit": { try withCommunicator(over: cmpi_comm_world()) { _ in } },
  "handsOverAfterFinalize": {
    startMPI()
    MPI_Finalize()
    try withCommunicator(over: cmpi_comm_world()) { _ in }
  },
  "handsOverNothing": {
    startMPI()
    let isFirst = rankOfJob() == 0
    try withCommunicator(over: isFirst ? cmpi_comm_world() : cmpi_comm_null()) { _ in }
  },
  "handsOverOneThread": {
    MPI_Init(nil, nil)
    try withCommunicator(over: cmpi_comm_world()) { _ in }
  },
  "handsOverNoCommunicator": {
    startMPI()
    try withCommunicator { world in world.barrier() }
  },
  "funneledHangs": {
    startMPI(MPI_THREAD_FUNNELED)
    try withCommunicator(over: cmpi_comm_world()) { world in
      check(!world.allowsThreads, "threads may call MPI")
      if isLast(world) { pauseForEver() }
      world.barrier()
    }
  },
]

private func startMPI(_ wanted: Int = Int(MPI_THREAD_MULTIPLE)) {
  var level: Int32 = 0
  MPI_Init_thread(nil, nil, Int32(wanted), &level)
  check(level == Int32(wanted), "MPI grants thread level \(level)")
}

private func rankOfJob() -> Int32 {
  var rank: Int32 = 0
  MPI_Comm_rank(cmpi_comm_world(), &rank)
  return rank
}

/// A solver's program: it has a message of its own under way and an error handler while others train,
/// first all its ranks and then a part of them, and goes on when they are done.
private func handOver() throws {
  startMPI()
  let rank = rankOfJob()
  var size: Int32 = 0
  MPI_Comm_size(cmpi_comm_world(), &size)
  var (sent, received) = (100 + rank, Int32(0))
  var request: MPI_Request?
  // From whomever it comes, and whatever its tag is.
  MPI_Irecv(
    &received, 1, cmpi_int32(), MPI_ANY_SOURCE, MPI_ANY_TAG, cmpi_comm_world(), &request)

  try withCommunicator(over: cmpi_comm_world()) { world in
    check(world.rank == rank && world.size == size, "rank \(world.rank) of \(world.size)")
    trainAsAlone(over: world, group: 0)
    trainAsAlone(over: world.split(color: world.rank % 2), group: world.rank % 2)
  }
  var group: MPI_Comm?
  MPI_Comm_split(cmpi_comm_world(), rank == 0 ? MPI_UNDEFINED : 1, 0, &group)
  if rank > 0 {
    try withCommunicator(over: group) { world in
      check(world.rank == rank - 1 && world.size == size - 1, "rank \(world.rank) of the part")
      trainAsAlone(over: world, group: 1)
    }
    MPI_Comm_free(&group)
  }

  var handler: MPI_Errhandler?
  MPI_Comm_get_errhandler(cmpi_comm_world(), &handler)
  check(handler != cmpi_errors_return(), "the program's error handler is another one")
  MPI_Send(&sent, 1, cmpi_int32(), (rank + 1) % size, 7, cmpi_comm_world())
  MPI_Wait(&request, nil)
  check(received == 100 + (rank + size - 1) % size, "rank \(rank) received \(received)")
  var sum: Int32 = 0
  MPI_Allreduce(&sent, &sum, 1, cmpi_int32(), cmpi_sum(), cmpi_comm_world())
  check(sum == size * 100 + size * (size - 1) / 2, "a sum of \(sum)")
  print("rank \(rank) goes on")
  MPI_Finalize()
}
#endif
