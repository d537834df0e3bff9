import CRuntime
import Diagnostics
import Glibc

/// Writes `text` and `terminator` to standard output: what a command was asked for.
///
/// Where that is a pipe that nobody reads any more, the process ends by SIGPIPE, as other programs do,
/// unless it was started with that signal ignored.
///
/// - Throws: exit code 74, for example if the disk is full, or the stream is closed.
package func printResult(
  _ text: some CustomStringConvertible, terminator: String = "\n"
) throws(FileError) {
  var text = text.description + terminator
  let (arrived, all) = text.withUTF8 { (writeAll($0, to: STDOUT_FILENO), $0.count) }
  guard arrived < all else { return }
  let error = FileError(.write, "standard output")
  if errno == EPIPE, lk_ignores_failed_write(SIGPIPE) {
    lk_obey_failed_writes()
    raise(SIGPIPE)
  }
  throw error
}
