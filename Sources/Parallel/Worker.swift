import Diagnostics
import Glibc
import Support

/// A thread that does the jobs of one owner, in the order they were submitted.
///
/// Safety of the shared state: `waiting`, `done` and `isFinishing` are touched under `lock` only.
/// A job runs on the thread alone, and its owner hears that it is done through `lock`, so whatever
/// the job wrote is then visible to the owner. `taken` and `thread` belong to the owner, which is
/// one thread. The running thread holds the queue and never the owner, so an owner that is dropped
/// ends its thread.
package final class Worker {
  private let queue = Queue()
  /// Nil when it has ended.
  private var thread: SystemThread?
  private var taken = 0

  /// Starts the thread. Stops the program if the system refuses it to `owner`, telling what to do
  /// `instead`.
  package init(for owner: StaticString, instead remedy: StaticString) {
    thread = SystemThread("lockstep-worker") { [queue] in queue.run() }
    if thread == nil {
      stop(
        "\(owner): the system refuses to start a thread; \(remedy), or raise the limit (ulimit -u)",
        status: .system)
    }
  }

  /// Adds a job after those that were submitted before.
  package func submit(_ job: @escaping @Sendable () -> Void) {
    queue.locked {
      queue.waiting.append(job)
      queue.signal()
    }
  }

  /// Returns when the next job, in the order of submission, is done.
  ///
  /// Must not be called more often than `submit`.
  package func wait() {
    queue.locked {
      while queue.done == taken { queue.sleep() }
    }
    taken += 1
  }

  /// Returns when the job that is running is done and the thread has ended; jobs that have not
  /// begun are forgotten. Nothing can be submitted after it.
  package func finish() {
    guard let thread else { return }
    self.thread = nil
    queue.locked {
      queue.isFinishing = true
      queue.waiting = []
      queue.signal()
    }
    thread.join()
  }

  deinit { finish() }

  /// What the owner and the thread share.
  private final class Queue: @unchecked Sendable {
    var waiting: [@Sendable () -> Void] = []
    var done = 0
    var isFinishing = false
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// Raised whenever something changes, for either side.
    private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
      pthread_mutex_init(lock, nil)
      pthread_cond_init(change, nil)
    }

    deinit {
      pthread_cond_destroy(change)
      pthread_mutex_destroy(lock)
      change.deallocate()
      lock.deallocate()
    }

    func locked<Result>(_ body: () -> Result) -> Result {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return body()
    }

    /// Waits for a change, without the lock meanwhile.
    func sleep() { pthread_cond_wait(change, lock) }

    func signal() { pthread_cond_broadcast(change) }

    /// Does jobs until the owner finishes.
    func run() {
      while let job = nextJob() {
        job()
        locked {
          done += 1
          signal()
        }
      }
    }

    private func nextJob() -> (@Sendable () -> Void)? {
      locked {
        while waiting.isEmpty && !isFinishing { sleep() }
        return isFinishing ? nil : waiting.removeFirst()
      }
    }
  }
}
