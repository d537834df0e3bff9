import Glibc
import Synchronization

/// Writes `text` to standard error as it is, in one piece, so that ranks do not mix lines.
///
/// Where nobody reads it, it is lost: what a program says of itself never changes what it does.
package func printError(_ text: String) {
  var text = text
  text.withUTF8 { _ = writeAll($0, to: STDERR_FILENO, patience: 1000) }
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

/// Writes `bytes` to a file that is open. Returns how many of them have arrived; where these are not
/// all, `errno` says why.
///
/// - Parameter patience: the milliseconds for which to wait for a reader, where the file does not do so
///   itself; -1: for ever.
package func writeAll(
  _ bytes: UnsafeBufferPointer<UInt8>, to file: Int32, patience: Int32 = -1
) -> Int {
  var written = 0
  while written < bytes.count {
    let rest = UnsafeBufferPointer(rebasing: bytes[written...])
    let count = write(file, rest.baseAddress, rest.count)
    if count >= 0 {
      written += count
    } else if errno == EAGAIN {
      var ready = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
      if poll(&ready, 1, patience) == 0 {
        errno = EAGAIN
        break
      }
    } else if errno != EINTR {
      break
    }
  }
  return written
}
