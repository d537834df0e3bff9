import CRuntime
import Glibc

/// A thread of the operating system. Whoever starts one must either `join` or `detach` it, once.
///
/// `body` runs on that thread alone: who starts it says why what it shares with others is safe.
package struct SystemThread {
  private let thread: pthread_t

  /// Starts a thread that runs `body` and is called `name`, 15 characters at most, in debuggers and
  /// in `top -H`; nil where the system has no thread to give.
  package init?(_ name: StaticString, _ body: @escaping () -> Void) {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(name: name, body: body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, work.toOpaque())
    guard status == 0 else {
      work.release()
      return nil
    }
    self.thread = thread
  }

  /// Returns when the thread has ended.
  package func join() { pthread_join(thread, nil) }

  /// Leaves the thread to itself: nobody hears of its end.
  package func detach() { pthread_detach(thread) }

  private final class Work {
    let name: StaticString
    let body: () -> Void

    init(name: StaticString, body: @escaping () -> Void) { (self.name, self.body) = (name, body) }

    func run() {
      name.withUTF8Buffer { text in
        text.withMemoryRebound(to: CChar.self) { text in
          if let start = text.baseAddress { lk_name_thread(start) }
        }
      }
      body()
    }
  }
}
