import Diagnostics
import Glibc
import Synchronization

/// The helper threads behind `parallelFor`.
///
/// Safety of the shared state: `job` and `pieces` are written by the one thread that holds
/// `isBusy`, before it raises `generation` (release), and are read by helpers after they saw the
/// new generation (acquire). The caller returns only after every helper of the team has reported in
/// for that generation, so no helper can see a job whose closure has ended. A second caller, or a
/// nested call, finds `isBusy` set and runs alone.
final class ThreadTeam: @unchecked Sendable {
  static let shared = ThreadTeam()

  private let members = Atomic<Int>(Threads.defaultCount())
  private let helpers = Mutex<Int>(0)  // started so far; only grows
  private let isBusy = Atomic<Bool>(false)
  private let generation = Atomic<Int>(0)
  private let nextPiece = Atomic<Int>(0)
  private let finished = Atomic<Int>(0)
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

  func resize(to count: Int) { members.store(count, ordering: .relaxed) }

  func run(_ pieces: Int, _ body: (Int) -> Void) {
    let helperCount = count - 1
    guard helperCount > 0,
      !isBusy.exchange(true, ordering: .acquiring)
    else {
      for piece in 0..<pieces { body(piece) }
      return
    }
    let team = startHelpers(atLeast: helperCount)
    withoutActuallyEscaping(body) { body in
      job = body
      self.pieces = pieces
      nextPiece.store(0, ordering: .relaxed)
      finished.store(0, ordering: .relaxed)
      generation.add(1, ordering: .sequentiallyConsistent)
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
      takePieces()
      var spins = 0
      while finished.load(ordering: .acquiring) < team {
        spins += 1
        if spins > 2_000 { sched_yield() }
      }
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

  /// Starts what is missing; returns how many helpers there are.
  private func startHelpers(atLeast wanted: Int) -> Int {
    helpers.withLock { started in
      while started < wanted {
        let index = started
        let start = Unmanaged.passRetained(
          Helper(team: self, index: index, seen: currentGeneration))
        var thread = pthread_t()
        let status = pthread_create(
          &thread, nil,
          { argument in
            guard let argument else { return nil }
            Unmanaged<Helper>.fromOpaque(argument).takeRetainedValue().work()
            return nil
          }, start.toOpaque())
        check(status == 0, "Threads.count: the system refuses to start thread \(index + 2)")
        pthread_detach(thread)
        started += 1
      }
      return started
    }
  }

  private var currentGeneration: Int { generation.load(ordering: .acquiring) }

  private func wakeAll() {
    pthread_mutex_lock(wakeLock)
    pthread_cond_broadcast(wakeSignal)
    pthread_mutex_unlock(wakeLock)
  }

  /// One thread of the team besides the caller.
  private final class Helper {
    let team: ThreadTeam
    let index: Int
    var seen: Int

    init(team: ThreadTeam, index: Int, seen: Int) {
      self.team = team
      self.index = index
      self.seen = seen
    }

    func work() {
      while true {
        waitForNextJob()
        // A team that was made smaller keeps its spare helpers idle, but each reports in.
        if index < team.count - 1 { team.takePieces() }
        team.finished.add(1, ordering: .releasing)
      }
    }

    /// Spins for some tens of microseconds, because the next kernel usually follows at once, and
    /// then sleeps.
    private func waitForNextJob() {
      for spin in 0..<20_000 {
        if team.currentGeneration != seen {
          seen += 1
          return
        }
        if spin & 63 == 63 { sched_yield() }
      }
      pthread_mutex_lock(team.wakeLock)
      team.sleepers.add(1, ordering: .sequentiallyConsistent)
      while team.generation.load(ordering: .sequentiallyConsistent) == seen {
        pthread_cond_wait(team.wakeSignal, team.wakeLock)
      }
      team.sleepers.subtract(1, ordering: .relaxed)
      pthread_mutex_unlock(team.wakeLock)
      seen += 1
    }
  }
}
