import Glibc
import Support

/// A thread that runs until it is told to end, which it learns from a pipe.
///
/// `@unchecked Sendable`: what it keeps belongs to who starts and ends the thread.
final class WatchThread: @unchecked Sendable {
  private static let staticName: StaticString = "lockstep-watch"
  /// What such threads are called.
  static var name: String { "\(staticName)" }

  /// A pipe whose other end is closed when the thread is to end.
  private var pipeEnds: [Int32] = [-1, -1]
  /// Nil where the system had none to give, or when it has ended.
  private var thread: SystemThread?

  /// Starts a thread that calls `body`, which must return soon after the other end of the pipe `stop`
  /// is closed. Where the system has none to give, nothing is called.
  init(_ body: @escaping (_ stop: Int32) -> Void) {
    guard pipe(&pipeEnds) == 0 else {
      pipeEnds = [-1, -1]
      return
    }
    for end in pipeEnds { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    thread = SystemThread(Self.staticName) { [pipeEnds] in body(pipeEnds[0]) }
  }

  /// Ends the thread, and returns when it has ended.
  func stop() {
    if pipeEnds[1] >= 0 { close(pipeEnds[1]) }
    thread?.join()
    if pipeEnds[0] >= 0 { close(pipeEnds[0]) }
    (thread, pipeEnds) = (nil, [-1, -1])
  }
}
