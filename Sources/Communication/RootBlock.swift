import Diagnostics
import Glibc

extension Communicator {
  /// Runs `body` on rank 0 and returns what it returns; elsewhere nil, at once.
  ///
  /// For files and messages. A collective inside would wait for ranks that never come, so it stops
  /// the program, also in a job of one rank: a program that runs alone then runs on many.
  @discardableResult
  public func onRoot<Result>(_ body: () throws -> Result) rethrows -> Result? {
    guard isRoot else { return nil }
    RootBlock.depth += 1
    defer { RootBlock.depth -= 1 }
    return try body()
  }
}

/// The `onRoot` blocks that this thread is in.
package enum RootBlock {
  /// Stops the program if this thread is in an `onRoot` block, where `operation` cannot end.
  package static func requireOutside(_ operation: StaticString) {
    check(
      depth == 0,
      """
      \(operation): inside onRoot { }, which only rank 0 runs, it would wait for the other ranks for \
      ever; call it on all ranks, before or after the block
      """)
  }

  fileprivate static var depth: Int {
    get { Int(bitPattern: pthread_getspecific(key)) }
    set { pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue)) }
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key, nil)
    check(status == 0, "onRoot: the system has no place for thread-local values (\(status))")
    return key
  }()
}
