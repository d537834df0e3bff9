import CRuntime
import Diagnostics
import Synchronization

/// One collective that a rank has called.
///
/// It is sent between hosts as it lies in memory.
struct CollectiveEntry: BitwiseCopyable {
  /// Which one it was, from 1.
  var number: UInt64
  /// What the rank passed to it: `CollectiveCall.word`.
  var word: UInt64
  /// Equal on two ranks that have passed the same to all collectives up to this one.
  var chain: UInt64
  /// Where the rank called it.
  var site: CallSite

  var call: CollectiveCall { CollectiveCall(word: word) }

  /// The chain of a collective `call` that follows those with `chain`.
  @inline(__always)
  static func chain(_ chain: UInt64, _ call: CollectiveCall) -> UInt64 {
    let product = (chain ^ call.word) &* 0x9e37_79b9_7f4a_7c15
    return product ^ product >> 29
  }
}

/// The last collectives that one rank has called, in memory that the ranks of its host share:
/// written by one thread of that rank at a time.
struct CollectiveRing {
  /// One collective.
  ///
  /// `number` is 0 while the rest is written, so that words belong to the number that is found
  /// before and after them.
  private struct Slot: ~Copyable {
    let number = Atomic<UInt64>(0)
    let word = Atomic<UInt64>(0)
    let chain = Atomic<UInt64>(0)
    var site = CallSite()
  }

  /// The chain at a multiple of `count`.
  private struct Milestone: ~Copyable {
    let number = Atomic<UInt64>(0)
    let chain = Atomic<UInt64>(0)
  }

  /// How many are kept; a power of two.
  ///
  /// So many that, at a thousand each second, those that two hosts disagree about are still there
  /// when the hosts have found it out.
  static let count = 512
  /// How many milestones are kept, by which hosts that have got far ahead still compare themselves.
  private static let milestoneCount = 64

  /// How many bytes the ring needs.
  static let byteCount =
    count * MemoryLayout<Slot>.stride + milestoneCount * MemoryLayout<Milestone>.stride

  private let slots: UnsafeMutablePointer<Slot>
  private let milestones: UnsafeMutablePointer<Milestone>

  /// The ring at `memory`.
  init(at memory: UnsafeMutableRawPointer) {
    slots = memory.assumingMemoryBound(to: Slot.self)
    milestones = (memory + Self.count * MemoryLayout<Slot>.stride)
      .assumingMemoryBound(to: Milestone.self)
  }

  /// Makes the ring empty.
  func clear() {
    for index in 0..<Self.count { (slots + index).initialize(to: Slot()) }
    for index in 0..<Self.milestoneCount { (milestones + index).initialize(to: Milestone()) }
  }

  @inline(__always)
  private func slot(_ number: UInt64) -> UnsafeMutablePointer<Slot> {
    slots + (Int(truncatingIfNeeded: number) & (Self.count - 1))
  }

  private func milestone(_ number: UInt64) -> UnsafeMutablePointer<Milestone> {
    milestones + Int(truncatingIfNeeded: number / UInt64(Self.count)) % Self.milestoneCount
  }

  /// Adds the collective `number`, called where the caller was.
  @inline(__always)
  func add(_ number: UInt64, _ call: CollectiveCall, chain: UInt64) {
    let slot = slot(number)
    slot.pointee.number.store(0, ordering: .relaxed)
    slot.pointee.word.store(call.word, ordering: .releasing)
    slot.pointee.chain.store(chain, ordering: .releasing)
    CallSite.capture(into: &slot.pointee.site)
    slot.pointee.number.store(number, ordering: .releasing)
    if number % UInt64(Self.count) == 0 { addMilestone(number, chain) }
  }

  @inline(never)
  private func addMilestone(_ number: UInt64, _ chain: UInt64) {
    let milestone = milestone(number)
    milestone.pointee.number.store(0, ordering: .relaxed)
    milestone.pointee.chain.store(chain, ordering: .releasing)
    milestone.pointee.number.store(number, ordering: .releasing)
  }

  /// What the rank's calls up to its collective `number` come to; nil where it has not come to it or
  /// it is too long ago.
  @inline(__always)
  func chain(_ number: UInt64) -> UInt64? {
    let slot = slot(number)
    guard number > 0, slot.pointee.number.load(ordering: .acquiring) == number else { return nil }
    let chain = slot.pointee.chain.load(ordering: .acquiring)
    guard slot.pointee.number.load(ordering: .acquiring) == number else { return nil }
    return chain
  }

  /// As `chain`, for a multiple of `count` that may be long ago.
  func milestoneChain(_ number: UInt64) -> UInt64? {
    guard number > 0, number % UInt64(Self.count) == 0 else { return nil }
    let milestone = milestone(number)
    guard milestone.pointee.number.load(ordering: .acquiring) == number else { return nil }
    let chain = milestone.pointee.chain.load(ordering: .acquiring)
    guard milestone.pointee.number.load(ordering: .acquiring) == number else { return nil }
    return chain
  }

  /// The rank's collective `number`, with the site in the rank's own memory; nil where it has not
  /// come to it or it is too long ago.
  func entry(_ number: UInt64) -> CollectiveEntry? {
    let slot = slot(number)
    guard number > 0, slot.pointee.number.load(ordering: .acquiring) == number else { return nil }
    let word = slot.pointee.word.load(ordering: .acquiring)
    let chain = slot.pointee.chain.load(ordering: .acquiring)
    let site = slot.pointee.site
    guard slot.pointee.number.load(ordering: .acquiring) == number else { return nil }
    return CollectiveEntry(number: number, word: word, chain: chain, site: site)
  }

  /// Begins to bring the collective `number` into this core's cache.
  @inline(__always)
  func fetch(_ number: UInt64) { lk_prefetch(slot(number)) }
}
