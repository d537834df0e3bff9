import Glibc

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
