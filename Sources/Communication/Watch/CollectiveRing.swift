import CMPI
import Diagnostics
import Synchronization

/// The last collectives that one rank has called, in memory that the ranks of its host share:
/// written by that rank alone.
struct CollectiveRing {
  /// One collective.
  ///
  /// `number` is 0 while the rest is written, so that a word belongs to the number that is found
  /// before and after it.
  private struct Slot: ~Copyable {
    let number = Atomic<UInt64>(0)
    let word = Atomic<UInt64>(0)
    var site = CallSite()
  }

  /// How many are kept; a power of two.
  private static let count = 16

  /// How many bytes the ring needs.
  static let byteCount = count * MemoryLayout<Slot>.stride

  private let slots: UnsafeMutablePointer<Slot>

  /// The ring at `memory`.
  init(at memory: UnsafeMutableRawPointer) { slots = memory.assumingMemoryBound(to: Slot.self) }

  /// Makes the ring empty.
  func clear() { for index in 0..<Self.count { (slots + index).initialize(to: Slot()) } }

  private func slot(_ number: UInt64) -> UnsafeMutablePointer<Slot> {
    slots + (Int(truncatingIfNeeded: number) & (Self.count - 1))
  }

  /// Adds the collective `number`, called where the caller was.
  @inline(__always)
  func add(_ number: UInt64, _ call: CollectiveCall) {
    let slot = slot(number)
    slot.pointee.number.store(0, ordering: .relaxed)
    slot.pointee.word.store(call.word, ordering: .releasing)
    CallSite.capture(into: &slot.pointee.site)
    slot.pointee.number.store(number, ordering: .releasing)
  }

  /// What the rank passed to its collective `number`; nil where it has not come to it or it is too
  /// long ago.
  @inline(__always)
  func call(_ number: UInt64) -> CollectiveCall? {
    let slot = slot(number)
    guard slot.pointee.number.load(ordering: .acquiring) == number else { return nil }
    let word = slot.pointee.word.load(ordering: .acquiring)
    guard slot.pointee.number.load(ordering: .acquiring) == number else { return nil }
    return CollectiveCall(word: word)
  }

  /// Where the rank called its collective `number`, in its own memory.
  func site(_ number: UInt64) -> CallSite { slot(number).pointee.site }

  /// Begins to bring the collective `number` into this core's cache.
  @inline(__always)
  func fetch(_ number: UInt64) { cmpi_prefetch(slot(number)) }
}
