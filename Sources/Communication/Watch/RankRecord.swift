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

  /// The number of collectives kept; a power of two.
  static let kept = 16

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

  var collectives = InlineArray<16, Slot> { _ in Slot() }

  init(rank: Int) { self.rank = rank }

  /// One collective.
  ///
  /// `number` is 0 while the rest is written, so that a word belongs to the number that is found
  /// before and after it.
  struct Slot: ~Copyable {
    let number = Atomic<UInt64>(0)
    let word = Atomic<UInt64>(0)
    var site = CallSite()
  }

  /// What this rank passed to its collective `number`; nil where it has not come to it or it is
  /// too long ago.
  func call(_ number: UInt64) -> CollectiveCall? {
    let index = Int(number) & (Self.kept - 1)
    guard collectives[index].number.load(ordering: .acquiring) == number else { return nil }
    let word = collectives[index].word.load(ordering: .acquiring)
    guard collectives[index].number.load(ordering: .acquiring) == number else { return nil }
    return CollectiveCall(word: word)
  }

  /// Where this rank called its collective `number`, as a process with `origin` sees it.
  func site(ofCollective number: UInt64, from origin: UInt) -> CallSite {
    collectives[Int(number) & (Self.kept - 1)].site.moved(by: origin &- self.origin)
  }
}
