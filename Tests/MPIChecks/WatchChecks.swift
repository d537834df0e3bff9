import Communication
import Diagnostics
import Glibc
import Lockstep
import Support

/// Ranks that make others wait, or do something else than they do. The suite runs them with limits
/// of fractions of a second.
let watchChecks = [
  NamedCheck("hangInUserCode") { world in
    world.barrier()
    if isLast(world) {
      writeLine("hangs at \(monotonicNanoseconds())")
      world.note(.dataLoading, step: 7)  // hangs here
      pauseForEver()
    }
    world.barrier()  // waits for it here
  },
  NamedCheck("hangInSharedWindow") { world in
    let window = world.makeSharedWindow(byteCount: 64)
    if isLast(world) {
      world.note("dreaming")  // dreams here
      pauseForEver()
    }
    window?.barrier()  // waits for the dreamer
  },
  NamedCheck("warnOnly") { world in
    world.watch?.limits = WatchLimits(warning: 0.1, abort: 0)
    // Late until the suite, which has seen the warning, makes this file.
    if isLast(world) { while access("go-on", F_OK) != 0 { pause(milliseconds: 5) } }
    world.barrier()
  },
  NamedCheck("returnEarly") { world in
    if !isLast(world) { world.barrier() }  // waits for ever
  },
  NamedCheck("deadlock") { world in
    let window = world.makeSharedWindow(byteCount: 64)
    if isLast(world) { window?.barrier() } else { world.barrier() }
  },
  NamedCheck("differentKinds") { world in
    world.barrier()
    waitForOthers(world, on: world.size - 1)
    if isLast(world) {
      _ = world.maximum(Int32(1))  // here a maximum
    } else {
      world.barrier()  // here a barrier
    }
  },
  NamedCheck("differentCounts") { world in
    waitForOthers(world, on: world.size - 1)
    _ = world.sum(Array(repeating: 1, count: isLast(world) ? 20 : 10))
    pauseForEver()
  },
  NamedCheck("differentTypes") { world in
    waitForOthers(world, on: world.size - 1)
    // As many bytes: MPI notices nothing, and the sum is garbage.
    if isLast(world) { _ = world.maximum(Int32(1)) } else { _ = world.maximum(Float(1)) }
    pauseForEver()
  },
  NamedCheck("differentRoots") { world in
    waitForOthers(world, on: world.size - 1)
    var byte: UInt8 = 0
    withUnsafeMutableBytes(of: &byte) { world.broadcast($0, from: isLast(world) ? 1 : 0) }
    world.barrier()
  },
]
