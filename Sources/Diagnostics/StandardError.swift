import Glibc
import Synchronization

/// Writes `text` to standard error as it is, in one piece, so that ranks do not mix lines.
package func printError(_ text: String) {
  var text = text
  text.withUTF8 { bytes in
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[written...])
      let count = write(STDERR_FILENO, rest.baseAddress, rest.count)
      if count < 0 && errno != EINTR { return }
      written += max(count, 0)
    }
  }
}

/// Writes `text` and a line feed to standard error in one piece.
package func writeLine(_ text: String) { printError(text + "\n") }

/// Writes out what the C library has kept of this process's output, for a second at most: where a disk
/// or a reader does not answer, or a thread waits for one, that would never end.
package func flushOutput() {
  var thread = pthread_t()
  let status = pthread_create(
    &thread, nil,
    { _ in
      fflush(nil)
      flushes.add(1, ordering: .releasing)
      return nil
    }, nil)
  guard status == 0 else { return }
  pthread_detach(thread)
  var milliseconds = 0
  while flushes.load(ordering: .acquiring) == 0, milliseconds < 1000 {
    usleep(1000)
    milliseconds += 1
  }
}

/// How often all output has been written out.
private let flushes = Atomic(0)
