import Communication
import Diagnostics
import Glibc
import Lockstep
import Support

/// What ranks on several hosts do to each other, besides `watchChecks`. The suite runs them on hosts
/// that are pretended, and on hosts that are namespaces.
let hostChecks = [
  NamedCheck("stopLast") { world in stop(isLast(world), world) },
  NamedCheck("stopFirst") { world in stop(world.isRoot, world) },
  NamedCheck("stopInCollective") { world in
    // The last rank is stopped in a barrier that the others come to later: they get out of it, for
    // it has already sent them what they need, and wait for it in the next one.
    world.barrier()
    if isLast(world) { stopMeanwhile() } else { pause(milliseconds: 1500) }
    world.barrier()
    world.barrier()
  },
  NamedCheck("leaveLate") { world in
    world.barrier()
    if isLast(world) { pause(milliseconds: 1500) }
  },
  NamedCheck("oddTypeLongAgo") { world in
    for round in 1... { if isLast(world), round == 10 { odd(world) } else { usual(world) } }
  },
  NamedCheck("oddTypeOnTheWay") { world in
    for round in 1... {
      if isLast(world), round == 300 { odd(world) } else { usual(world) }
      pause(milliseconds: 2)
    }
  },
  NamedCheck("oddAtTheEnd") { world in if isLast(world) { odd(world) } else { usual(world) } },
  NamedCheck("hangUntilStopped") { world in
    world.barrier()
    if world.rank == 1 {
      world.note(.dataLoading, step: 7)
      pauseForEver()
    }
    pause(milliseconds: 2000)
    if world.isRoot { saysReady() }
    world.barrier()
  },
  NamedCheck("waitUntilCut") { world in
    for step in 1... {
      world.barrier()
      pause(milliseconds: 10)
      if step == 200, world.isRoot { saysReady() }
    }
  },
  NamedCheck("manyCollectives", checkManyCollectives),
  NamedCheck("lanesInAnyOrder", checkLanes),
]

/// As many bytes as the other has: MPI notices nothing.
@inline(never)
func odd(_ world: any Communicator) {
  let largest = world.maximum(Int32(1))  // here another type
  check(largest != 0, "a maximum of 0")
}

@inline(never)
func usual(_ world: any Communicator) {
  let largest = world.maximum(Float(1))  // here the usual one
  check(largest != 0, "a maximum of 0")
}

/// Stops this process if it `isMine` to be stopped; the others wait for it.
private func stop(_ isMine: Bool, _ world: any Communicator) {
  world.barrier()
  if isMine {
    world.note(.dataLoading, step: 7)  // is stopped here
    // Other hosts are told twice a second.
    pause(milliseconds: 2000)
    kill(getpid(), SIGSTOP)
  }
  world.barrier()  // waits for the stopped one
}

/// Tells the suite that the time has come for what is to happen to a host.
private func saysReady() {
  let file = open("ready", O_WRONLY | O_CREAT, 0o600)
  check(write(file, "1", 1) == 1, "ready: cannot be written")
  close(file)
}

/// Stops this process a moment later, whatever its main thread does then.
private func stopMeanwhile() {
  let thread = SystemThread("check") {
    pause(milliseconds: 500)
    kill(getpid(), SIGSTOP)
  }
  check(thread != nil, "stopMeanwhile: no thread")
}

/// Collectives of all kinds, from all roots, without any that makes the ranks wait for each other
/// for long stretches: some ranks run far ahead.
private func checkManyCollectives(_ world: any Communicator) {
  var random = UInt64(7)
  for round in 1...600 {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let choice = Int(random >> 33)
    var byte = UInt8(truncatingIfNeeded: round)
    switch choice % 40 {
    case 0: world.barrier()
    case 1: check(world.sum([1]) == [Double(world.size)], "sum in round \(round)")
    case 2: check(world.maximum(Int64(world.rank)) == world.size - 1, "maximum in round \(round)")
    default:
      let root = choice / 40 % world.size
      if world.rank != root { byte = 0 }
      withUnsafeMutableBytes(of: &byte) { world.broadcast($0, from: root) }
      check(byte == UInt8(truncatingIfNeeded: round), "broadcast in round \(round)")
    }
  }
}

/// Sums across hosts on a thread of their own while the rank's thread calls other collectives: which
/// comes first is chance, and no disagreement.
private func checkLanes(_ world: any Communicator) {
  let crossing = Crossing(world)
  let thread = SystemThread("check") { crossing.run() }
  check(thread != nil, "lanesInAnyOrder: no thread")
  for round in 1...60 {
    if round % 7 == world.rank { usleep(500) }
    check(world.sum([1, 2]) == [1, 2].map { $0 * Double(world.size) }, "sum in round \(round)")
  }
  thread?.join()
}

/// Safety: everything is called by one thread.
private final class Crossing: @unchecked Sendable {
  private let world: any Communicator

  init(_ world: any Communicator) { self.world = world }

  func run() {
    let hosts = Float(world.size / world.localSize)
    for round in 1...60 {
      if round % 5 == world.rank { usleep(500) }
      var values: [Float] = [1, 2, 3]
      values.withUnsafeMutableBufferPointer {
        world.allReduceAcrossHosts($0, of: 3 * world.localSize)
      }
      check(values == [1, 2, 3].map { $0 * hosts }, "\(values) across hosts in round \(round)")
    }
  }
}
