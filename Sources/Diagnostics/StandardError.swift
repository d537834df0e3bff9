import Glibc

/// Writes `text` and a line feed to standard error in one piece, so that ranks do not mix lines.
package func writeLine(_ text: String) {
  var line = text
  line.append("\n")
  line.withUTF8 { bytes in
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[written...])
      let count = write(STDERR_FILENO, rest.baseAddress, rest.count)
      if count < 0 && errno != EINTR { return }
      written += max(count, 0)
    }
  }
}
