import Diagnostics
import Glibc
import Support
import Synchronization

/// Collectives of a rank that follow each other; those of one lane never overlap.
///
/// Gradients may cross between hosts on a thread of their own while the rank's thread calls other
/// collectives: in which order the two come is chance, and nothing that ranks must agree about.
enum Lane: Int, CaseIterable {
  /// The collectives over all ranks.
  case world
  /// The sums over one rank of each host.
  case acrossHosts

  /// "collective 12", or "collective 12 across hosts".
  func name(_ number: UInt64) -> String {
    self == .world ? "collective \(number)" : "collective \(number) across hosts"
  }
}

/// How far a rank has come in one lane.
struct LaneRecord: ~Copyable {
  /// The number of the collective that was entered last, from 1.
  let entered = Atomic<UInt64>(0)
  /// The number of the collective that was completed last.
  let completed = Atomic<UInt64>(0)
  /// When this rank's watchdog first saw it in the collective that it is in.
  let waitBegan = Atomic<UInt64>(0)
}

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
    /// MPI has let it go; its process is ending.
    case left
  }

  let rank: Int
  let process = getpid()
  /// `CallSite.origin` of this process.
  let origin = CallSite.origin

  let stage = Atomic(Stage.outside.rawValue)
  let stageBegan = Atomic<UInt64>(0)

  /// By the raw value of the `Lane`.
  let lanes = InlineArray<2, LaneRecord> { _ in LaneRecord() }

  let part = PartRecord()
  var partAt = CallSite()

  /// One more than the local rank that this one waits for in a shared window; 0: for none.
  let awaited = Atomic<UInt32>(0)
  let awaitedSince = Atomic<UInt64>(0)
  var awaitedAt = CallSite()

  /// When this rank's watchdog looked at it last: a process that is stopped looks no more.
  let looked = Atomic<UInt64>(monotonicNanoseconds())
  /// At how many looks in a row it has been in the same wait.
  let looksInWait = Atomic<UInt64>(0)

  /// When this rank's watchdog first saw it waiting for the disk or file server that it waits for; 0:
  /// it does not.
  let storageSince = Atomic<UInt64>(0)

  /// Nanoseconds spent waiting for others.
  let waited = Atomic<UInt64>(0)

  let step = Atomic<UInt64>(0)
  let phaseBegan = Atomic<UInt64>(0)
  var phaseName = InlineArray<32, UInt8>(repeating: 0)
  var phaseAt = CallSite()

  init(rank: Int) { self.rank = rank }
}

extension RankRecord {
  /// Moves all that this rank has noted the time of by `lost` nanoseconds, in which its process did not
  /// run until the moment `now`: they count in no wait. To be called by its watchdog.
  ///
  /// What it has noted since it runs again is hardly moved, for it is not moved beyond `now`.
  func move(by lost: UInt64, until now: UInt64) {
    for lane in Lane.allCases.indices { move(lanes[lane].waitBegan, by: lost, until: now) }
    move(part.waitBegan, by: lost, until: now)
    move(awaitedSince, by: lost, until: now)
    move(storageSince, by: lost, until: now)
    move(phaseBegan, by: lost, until: now)
    move(stageBegan, by: lost, until: now)
    looksInWait.store(0, ordering: .relaxed)
  }

  /// The rank's thread may write it at the same moment: then that counts.
  private func move(_ mark: borrowing Atomic<UInt64>, by lost: UInt64, until now: UInt64) {
    let then = mark.load(ordering: .relaxed)
    guard then > 0, then < now else { return }
    _ = mark.compareExchange(
      expected: then, desired: Swift.min(then + lost, now), ordering: .releasing)
  }
}
