#if MPI
import CMPI
#endif
import Communication
import Diagnostics
import Glibc
import Support

/// Ranks that hang when they have left `withCommunicator`, or while they save.
let endingChecks = [
  NamedCheck("hangAfterBody") { world in
    // What is registered last is called first, and MPI is left in such a call.
    if isLast(world) { atexit { pauseForEver() } }
  },
  NamedCheck("waitAfterBody") { world in
    if isLast(world) { atexit { pause(milliseconds: 1500) } }
  },
  NamedCheck("hangInStorage") { world in
    if isLast(world) {
      world.note(.saving)
      StorageWaits.waiting(to: .write, "runs/a/model.safetensors") { pauseForEver() }
    }
  },
  NamedCheck("slowStorage") { world in
    if isLast(world) {
      world.note(.saving)
      for _ in 1...4 {
        StorageWaits.waiting(to: .write, "runs/a/model.safetensors") { pause(milliseconds: 700) }
      }
    }
    world.barrier()
  },
  NamedCheck("stopInStorage") { world in
    if isLast(world) {
      world.note(.saving)
      StorageWaits.waiting(to: .write, "runs/a/model.safetensors") { _ = kill(getpid(), SIGSTOP) }
    }
  },
  NamedCheck("waitForFile") { world in
    // Steps, and a long wait, until the suite makes the file.
    for _ in 1...100 { world.barrier() }
    print("rank \(world.rank) waits")
    fflush(nil)
    if isLast(world) { while access("go-on", F_OK) != 0 { pause(milliseconds: 5) } }
    world.barrier()
  },
]

#if MPI
/// Programs whose ranks fail where MPI is not yet or no longer there.
let edgePrograms: [String: @Sendable () throws -> Void] = [
  "stopsBeforeMPI": {
    if isLastByEnvironment() { kill(getpid(), SIGSTOP) }
    try withCommunicator { $0.barrier() }
  },
  "hangsBeforeMPI": {
    if isLastByEnvironment() { pauseForEver() }
    try withCommunicator { $0.barrier() }
  },
  "comesLate": {
    if isLastByEnvironment() { pause(milliseconds: 2000) }
    try withCommunicator { $0.barrier() }
  },
  "stopsInFinalize": {
    try withCommunicator { world in if isLast(world) { stopInFinalize() } }
  },
  "hangsAtExit": {
    // Called when MPI has been left, for it is registered before that is.
    if isLastByEnvironment() { atexit { pauseForEver() } }
    try withCommunicator { $0.barrier() }
  },
]

private func isLastByEnvironment() -> Bool {
  let numbers = ["RANK", "SIZE"].map { environmentVariable("OMPI_COMM_WORLD_\($0)") ?? "" }
  return Int(numbers[0]).map { $0 + 1 } == Int(numbers[1])
}

/// MPI calls a function of its caller when it begins to end.
private func stopInFinalize() {
  var key: Int32 = 0
  MPI_Comm_create_keyval(
    { _, _, _, _, _, flag in
      flag?.pointee = 0
      return MPI_SUCCESS
    },
    { _, _, _, _ in
      kill(getpid(), SIGSTOP)
      return MPI_SUCCESS
    }, &key, nil)
  MPI_Comm_set_attr(cmpi_comm_self(), key, nil)
}
#endif
