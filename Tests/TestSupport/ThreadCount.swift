import Parallel
import Synchronization

private let turns = Mutex(())

/// Calls `body` while the kernels of this process are set to `count` threads.
///
/// All tests of a run share the process, so those that set the number take turns.
package func withThreads<Result>(
  _ count: Int, _ body: () throws -> Result
) rethrows -> Result {
  try turns.withLock { _ in
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = count
    return try body()
  }
}
