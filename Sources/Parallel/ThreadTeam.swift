import Diagnostics
import Glibc
import Support
import Synchronization

/// The helper threads behind `parallelFor`.
///
/// Nobody waits for a helper that comes late: the caller takes pieces like any other thread, closes
/// the gate when none are left, and waits only for those who are inside.
///
/// By hand: Dispatch and packages let threads sleep at once, and to wake them takes as long as many a
/// kernel.
///
/// Safety of the shared state: `job` and `pieces` are written by the one thread that holds `isBusy`,
/// while the gate is closed and nobody is inside. Helpers read them inside only, and the caller
/// returns when the last has left, so none sees a job whose closure has ended. A second caller, or
/// a nested call, finds `isBusy` set and runs alone.
final class ThreadTeam: @unchecked Sendable {
  static let shared = ThreadTeam()

  private let members = Atomic<Int>(Threads.defaultCount())
  /// Whether somebody chose how many; else ranks that share cores do.
  private let isChosen = Atomic<Bool>(Threads.chosenCount() != nil)
  private let helpers = Mutex<Int>(0)  // started so far; only grows
  private let isBusy = Atomic<Bool>(false)
  private let gate = Gate()
  private let nextPiece = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private var pieces = 0
  private var job: ((Int) -> Void)?
  private let wakeLock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wakeSignal = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  private init() {
    pthread_mutex_init(wakeLock, nil)
    pthread_cond_init(wakeSignal, nil)
  }

  var count: Int { members.load(ordering: .relaxed) }

  func choose(_ count: Int) {
    isChosen.store(true, ordering: .relaxed)
    members.store(count, ordering: .relaxed)
  }

  func take(share count: Int) {
    if !isChosen.load(ordering: .relaxed) { members.store(count, ordering: .relaxed) }
  }

  func run(_ pieces: Int, _ body: (Int) -> Void) {
    let helperCount = count - 1
    guard helperCount > 0,
      !isBusy.exchange(true, ordering: .acquiring)
    else {
      for piece in 0..<pieces { body(piece) }
      return
    }
    startHelpers(atLeast: helperCount)
    withoutActuallyEscaping(body) { body in
      job = body
      self.pieces = pieces
      nextPiece.store(0, ordering: .relaxed)
      gate.open()
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
      takePieces()
      gate.close()
      job = nil
    }
    isBusy.store(false, ordering: .releasing)
  }

  private func takePieces() {
    guard let job else { return }
    while true {
      let piece = nextPiece.add(1, ordering: .relaxed).oldValue
      if piece >= pieces { return }
      job(piece)
    }
  }

  private func startHelpers(atLeast wanted: Int) {
    helpers.withLock { started in
      while started < wanted {
        let index = started
        let helper = Helper(team: self, index: index)
        let thread = SystemThread("lockstep-kernel") { helper.work() }
        guard let thread else {
          stop(
            "the system refuses to start thread \(index + 2) of \(wanted + 1); use fewer (--threads, "
              + "LOCKSTEP_NUM_THREADS, Threads.count) or raise the limit (ulimit -u)",
            status: .system)
        }
        thread.detach()
        started += 1
      }
    }
  }

  private func wakeAll() {
    pthread_mutex_lock(wakeLock)
    pthread_cond_broadcast(wakeSignal)
    pthread_mutex_unlock(wakeLock)
  }

  /// One thread of the team besides the caller.
  private final class Helper {
    let team: ThreadTeam
    let index: Int

    init(team: ThreadTeam, index: Int) {
      self.team = team
      self.index = index
    }

    func work() {
      var last: UInt = 0  // the job that this helper has been inside for
      while true {
        waitForNextJob(after: &last)
        team.takePieces()
        team.gate.leave()
      }
    }

    /// Whether this helper is inside; those beyond the size of a team that was made smaller stay out.
    private func enters(after last: inout UInt) -> Bool {
      index < team.count - 1 && team.gate.enter(after: &last)
    }

    /// Spins for some tens of microseconds, because the next kernel usually follows at once, and
    /// then sleeps.
    private func waitForNextJob(after last: inout UInt) {
      while true {
        for spin in 0..<20_000 {
          if enters(after: &last) { return }
          if spin & 63 == 63 { sched_yield() }
        }
        pthread_mutex_lock(team.wakeLock)
        team.sleepers.add(1, ordering: .sequentiallyConsistent)
        let isInside = enters(after: &last)
        if !isInside { pthread_cond_wait(team.wakeSignal, team.wakeLock) }
        team.sleepers.subtract(1, ordering: .relaxed)
        pthread_mutex_unlock(team.wakeLock)
        if isInside { return }
      }
    }
  }
}

/// Lets helpers in to a job while it is open, and tells when the last has left. The number of the
/// job, whether it is open and how many are inside are one word: who enters knows all three.
private struct Gate: ~Copyable {
  private let state = Atomic<UInt>(0)
  private static let isOpen: UInt = 1 << 16
  private static let job: UInt = 1 << 17

  /// Opens the next job; nobody is inside.
  func open() {
    let last = state.load(ordering: .relaxed)
    state.store(last &+ Self.job | Self.isOpen, ordering: .sequentiallyConsistent)
  }

  /// Lets nobody else in, and returns when all have left.
  func close() {
    state.subtract(Self.isOpen, ordering: .relaxed)
    var spins = 0
    while state.load(ordering: .acquiring) & (Self.isOpen - 1) != 0 {
      spins += 1
      if spins > 2_000 { sched_yield() }
    }
  }

  /// Whether the caller is let in to an open job other than `last`, which becomes this one then.
  func enter(after last: inout UInt) -> Bool {
    let now = state.load(ordering: .sequentiallyConsistent)
    let job = now / Self.job
    guard now & Self.isOpen != 0, job != last else { return false }
    let isIn = state.compareExchange(
      expected: now, desired: now + 1, ordering: .acquiring
    ).exchanged
    if isIn { last = job }
    return isIn
  }

  func leave() { state.subtract(1, ordering: .releasing) }
}
