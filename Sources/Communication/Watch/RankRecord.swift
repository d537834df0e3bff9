import Diagnostics
import Glibc
import Synchronization

/// What one rank shows the others of its host about itself: written by it alone and without locks,
/// read by their watchdogs.
///
/// Single words are atomic. Call sites and the phase's name are not: whoever reads them while they
/// are written sees a mixture, but what is worth reporting stands still. Everything that makes the
/// program stop is decided by atomic words.
struct RankRecord: ~Copyable {
  /// Where a rank is in its life.
  enum Stage: UInt32 {
    /// Outside of every `withCommunicator`.
    case outside
    /// Inside of one.
    case inBody
    /// Leaving MPI, from which there is no way back.
    case leaving
  }

  let rank: Int
  let process = getpid()
  /// `CallSite.origin` of this process.
  let origin = CallSite.origin

  let stage = Atomic(Stage.outside.rawValue)
  let stageBegan = Atomic<UInt64>(0)

  /// The number of the collective that was entered last, from 1.
  let entered = Atomic<UInt64>(0)
  /// The number of the collective that was completed last.
  let completed = Atomic<UInt64>(0)
  /// When this rank's watchdog first saw it in the collective that it is in.
  let waitBegan = Atomic<UInt64>(0)

  /// One more than the local rank that this one waits for in a shared window; 0: for none.
  let awaited = Atomic<UInt32>(0)
  let awaitedSince = Atomic<UInt64>(0)
  var awaitedAt = CallSite()

  /// Nanoseconds spent waiting for others.
  let waited = Atomic<UInt64>(0)

  let step = Atomic<UInt64>(0)
  let phaseBegan = Atomic<UInt64>(0)
  var phaseName = InlineArray<32, UInt8>(repeating: 0)
  var phaseAt = CallSite()

  init(rank: Int) { self.rank = rank }
}
