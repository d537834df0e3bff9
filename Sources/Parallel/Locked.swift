import Glibc
import Synchronization

/// A value that threads take turns on, each for a few instructions.
///
/// Unlike `Mutex`, whose inside is in the standard library, the thread sanitizer sees it.
///
/// `@unchecked Sendable`: the value is only touched by who has set `isTaken` (acquire) and has not
/// cleared it (release).
package struct Locked<Value>: ~Copyable, @unchecked Sendable {
  private let isTaken = Atomic<Bool>(false)
  // Behind a pointer: no exclusivity checks.
  private let value: UnsafeMutablePointer<Value>

  package init(_ value: Value) {
    self.value = .allocate(capacity: 1)
    self.value.initialize(to: value)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
  }

  /// Calls `body` with the value, while no other thread has it.
  package borrowing func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result
  {
    while isTaken.exchange(true, ordering: .acquiring) { sched_yield() }
    defer { isTaken.store(false, ordering: .releasing) }
    return try body(&value.pointee)
  }
}
