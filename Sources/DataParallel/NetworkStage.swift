import Communication
import Diagnostics
import Glibc

/// Whether gradients travel between hosts while the backward pass goes on.
public enum CommunicationOverlap: String, CaseIterable, Sendable {
  /// Tries both in the first steps and goes on with what was faster.
  case automatic = "auto"
  /// A thread of each rank waits for the network; it takes time from a core that computes.
  case on
  /// The rank's own thread sends everything at the end of the pass.
  case off
}

/// The part of an exchange that waits for the network: buckets, one after another in one order on all
/// ranks, on a thread of its own or at the end of the round.
final class NetworkStage {
  private let world: any Communicator
  private let count: Int
  private let cross: (Int) -> Void
  private var trial: OverlapTrial?
  private var thread: ProgressThread?
  /// Which buckets are ready to cross in this round, and how many have been sent.
  private var isReady: [Bool]
  private var sent = 0
  private var overlaps: Bool

  /// `cross` sums a bucket, of `count`, over all hosts.
  init(
    _ count: Int, over world: any Communicator, _ overlap: CommunicationOverlap,
    _ cross: @escaping (Int) -> Void
  ) {
    self.world = world
    self.count = count
    self.cross = cross
    isReady = Array(repeating: false, count: count)
    trial = overlap == .automatic && world.allowsThreads ? OverlapTrial() : nil
    overlaps = overlap == .on && world.allowsThreads
  }

  /// Says that bucket `index` is complete on this host.
  func submit(_ index: Int) {
    isReady[index] = true
    guard overlaps else { return }
    let thread = thread ?? ProgressThread(cross)
    self.thread = thread
    while sent < count, isReady[sent] {
      thread.submit(sent)
      sent += 1
    }
  }

  /// Sends what has not been sent; all buckets are complete on this host.
  func finish() {
    if overlaps { thread?.finish() } else { for index in 0..<count { cross(index) } }
  }

  /// Prepares for the next round.
  func roundDidEnd() {
    for index in isReady.indices { isReady[index] = false }
    sent = 0
    guard var trial else { return }
    overlaps = trial.roundDidEnd(at: monotonicNanoseconds())
    self.trial = trial
    if trial.isComplete {
      let medians = world.sum(trial.medians)
      overlaps = medians[1] < medians[0]
      self.trial = nil
    }
  }
}

/// Which of two ways makes steps shorter: they take turns in the first steps.
///
/// Ranks need not agree while it is tried: they send the same buckets in the same order.
struct OverlapTrial {
  /// Steps before the trial, which are slower than the rest, and of the trial.
  static let (warmUp, length) = (4, 20)

  private var rounds = 0
  private var last: UInt64 = 0
  private var seconds: [[Double]] = [[], []]

  /// Whether all steps of the trial are over.
  var isComplete: Bool { rounds >= Self.warmUp + Self.length }

  /// The median seconds of a step without overlap, and with it.
  var medians: [Double] { seconds.map { $0.sorted()[$0.count / 2] } }

  /// Notes that a round has ended; returns whether the next one overlaps.
  mutating func roundDidEnd(at now: UInt64) -> Bool {
    if rounds >= Self.warmUp { seconds[rounds % 2].append(Double(now - last) * 1e-9) }
    last = now
    rounds += 1
    return rounds % 2 == 1
  }
}

/// A thread that calls one function for one number after another.
///
/// `@unchecked Sendable`: `queue` and `isEnding` are only touched under the lock; what `body` works
/// on is handed over by `submit` and handed back by `finish`.
private final class ProgressThread: @unchecked Sendable {
  private let body: (Int) -> Void
  private var thread = pthread_t()
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// What has been handed over and not been done.
  private var queue: [Int] = []
  private var isEnding = false

  init(_ body: @escaping (Int) -> Void) {
    self.body = body
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<ProgressThread>.fromOpaque(argument).takeUnretainedValue().run()
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
    check(
      status == 0,
      "averageGradients: the system refuses a thread for the network (\(status)); use overlap off")
  }

  deinit {
    locked { isEnding = true }
    pthread_join(thread, nil)
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
  }

  func submit(_ number: Int) { locked { queue.append(number) } }

  /// Returns when all that was handed over is done.
  func finish() { locked { while !queue.isEmpty { pthread_cond_wait(changed, lock) } } }

  private func run() {
    while let number = next() {
      body(number)
      locked { queue.removeFirst() }
    }
  }

  /// Waits for work; nil: the thread is to end.
  private func next() -> Int? {
    var number: Int?
    locked {
      while queue.isEmpty, !isEnding { pthread_cond_wait(changed, lock) }
      number = queue.first
    }
    return number
  }

  /// Runs `body` under the lock, and wakes whoever waits for a change.
  private func locked(_ body: () -> Void) {
    pthread_mutex_lock(lock)
    body()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(lock)
  }
}
