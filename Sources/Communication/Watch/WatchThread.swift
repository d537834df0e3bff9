import CRuntime
import Glibc

/// A thread that runs until it is told to end, which it learns from a pipe.
///
/// `@unchecked Sendable`: `body` is called by that thread alone; the rest belongs to who starts and
/// ends it.
final class WatchThread: @unchecked Sendable {
  /// A pipe whose other end is closed when the thread is to end.
  private var pipeEnds: [Int32] = [-1, -1]
  private var thread = pthread_t()
  private var isRunning = false
  private let body: (_ stop: Int32) -> Void

  /// Starts a thread that calls `body`, which must return soon after the other end of the pipe `stop`
  /// is closed. Where the system has none to give, nothing is called.
  init(_ body: @escaping (_ stop: Int32) -> Void) {
    self.body = body
    guard pipe(&pipeEnds) == 0 else {
      pipeEnds = [-1, -1]
      return
    }
    for end in pipeEnds { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    isRunning =
      pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          lk_name_thread("lockstep-watch")
          let thread = Unmanaged<WatchThread>.fromOpaque(argument).takeUnretainedValue()
          thread.body(thread.pipeEnds[0])
          return nil
        }, Unmanaged.passUnretained(self).toOpaque()) == 0
  }

  /// Ends the thread, and returns when it has ended.
  func stop() {
    if pipeEnds[1] >= 0 { close(pipeEnds[1]) }
    if isRunning { pthread_join(thread, nil) }
    if pipeEnds[0] >= 0 { close(pipeEnds[0]) }
    (isRunning, pipeEnds) = (false, [-1, -1])
  }
}
