import Diagnostics
import Parallel
import Synchronization

/// The collective of a part of the ranks that a rank is in, as it shows it to the others of its host.
///
/// They are not counted and compared as those of a `Lane` are, for other ranks have other ones: the
/// `Watch` of the part does that.
struct PartRecord: ~Copyable {
  /// Another number for each collective; 0: it is in none.
  let serial = Atomic<UInt64>(0)
  /// `CollectiveCall.word`, and the number of the collective among those of the part.
  let word = Atomic<UInt64>(0)
  let number = Atomic<UInt64>(0)
  /// `PartName.word`.
  let part = Atomic<UInt64>(0)
  /// When this rank's watchdog first saw it in the collective.
  let waitBegan = Atomic<UInt64>(0)
}

/// The collectives of parts that a rank is in: mostly one, but a thread may send between hosts beside
/// it.
final class PartCalls {
  /// One of them.
  struct Call: BitwiseCopyable {
    var call: CollectiveCall
    var number: UInt64
    var part: PartName
    var site: CallSite

    func isSame(as other: Call) -> Bool {
      call.lane == other.call.lane && number == other.number && part == other.part
    }
  }

  /// Those that it is in now.
  struct State {
    /// The oldest first: it is the one that is shown.
    var open: [Call] = []
    var serial: UInt64 = 0
  }

  private let state = Locked(State())
  private let record: UnsafeMutablePointer<RankRecord>

  /// Shows them in `record`.
  init(in record: UnsafeMutablePointer<RankRecord>) { self.record = record }

  /// Notes that this rank enters `call`.
  func enter(_ call: Call) {
    state.withLock { state in
      state.open.append(call)
      if state.open.count == 1 { show(&state) }
    }
  }

  /// Notes that `call` is complete.
  func leave(_ call: Call) {
    state.withLock { state in
      guard let index = state.open.firstIndex(where: call.isSame) else { return }
      state.open.remove(at: index)
      if index == 0 { show(&state) }
    }
  }

  private func show(_ state: inout State) {
    record.pointee.part.serial.store(0, ordering: .relaxed)
    guard let shown = state.open.first else { return }
    state.serial += 1
    record.pointee.part.word.store(shown.call.word, ordering: .releasing)
    record.pointee.part.number.store(shown.number, ordering: .releasing)
    record.pointee.part.part.store(shown.part.word, ordering: .releasing)
    record.pointee.partAt = shown.site
    record.pointee.part.serial.store(state.serial, ordering: .releasing)
  }
}
