import Communication
import Diagnostics
import Glibc
import Lockstep

/// Ranks that make others wait, or do something else than they do. The suite runs them with limits
/// of fractions of a second.
let watchChecks = [
  NamedCheck("hangInUserCode") { world in
    world.barrier()
    if isLast(world) {
      writeLine("hangs at \(monotonicNanoseconds())")
      world.note(.dataLoading, step: 7)  // hangs here
      pause(milliseconds: 30_000)
    }
    world.barrier()  // waits for it here
  },
  NamedCheck("hangInSharedWindow") { world in
    let window = world.makeSharedWindow(byteCount: 64)
    if isLast(world) {
      world.note("dreaming")  // dreams here
      pause(milliseconds: 30_000)
    }
    window?.barrier()  // waits for the dreamer
  },
  NamedCheck("warnOnly") { world in
    world.watch?.limits = WatchLimits(warning: 0.1, abort: 20)
    if isLast(world) { pause(milliseconds: 600) }
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
    if isLast(world) {
      _ = world.maximum(Int32(1))  // here a maximum
    } else {
      world.barrier()  // here a barrier
    }
  },
  NamedCheck("differentCounts") { world in
    _ = world.sum(Array(repeating: 1, count: isLast(world) ? 20 : 10))
    pause(milliseconds: 5000)
  },
  NamedCheck("differentTypes") { world in
    // As many bytes: MPI notices nothing, and the sum is garbage.
    if isLast(world) { _ = world.maximum(Int32(1)) } else { _ = world.maximum(Float(1)) }
    pause(milliseconds: 5000)
  },
  NamedCheck("differentRoots") { world in
    var byte: UInt8 = 0
    withUnsafeMutableBytes(of: &byte) { world.broadcast($0, from: isLast(world) ? 1 : 0) }
    world.barrier()
  },
]
