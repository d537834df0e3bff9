package import Glibc

/// A program that was run to its end.
///
/// By hand: swift-subprocess is `async`, and what starts programs here is not; to wait for it, and to
/// kill a whole group in time, takes more lines than this.
package struct ChildProcess {
  /// Its exit status, or 128 + the number of the signal that ended it.
  package let status: Int32
  /// What it wrote to standard output.
  package let output: String
  /// What it wrote to standard error.
  package let errors: String
  /// Whether it was killed because it took too long.
  package let timedOut: Bool

  /// Runs the program called `command[0]`, which is looked for in `PATH`; nil where there is none.
  ///
  /// It writes to files without a name, because a process that it leaves behind would hold a pipe
  /// open.
  ///
  /// - Parameters:
  ///   - changes: variables of the environment to set, or with nil to remove.
  ///   - directory: where it is started; nil: where this process is.
  ///   - limit: the seconds after which it is killed, with all of its process group, of which it is
  ///     then the head; nil: it may take as long as it likes, and signals to the group of this process
  ///     reach it.
  ///   - whileRunning: where there is a limit, called with its process every few milliseconds.
  package init?(
    _ command: [String], changing changes: [String: String?] = [:], in directory: String? = nil,
    limit: Double? = nil, whileRunning: (pid_t) -> Void = { _ in }
  ) throws(StartError) {
    let (output, errors) = (tmpfile(), tmpfile())
    defer { for case let file? in [output, errors] { fclose(file) } }
    guard let output, let errors else { throw StartError(program: command[0], code: errno) }
    // Programs that other threads start meanwhile are not to have them.
    for file in [output, errors] { _ = fcntl(fileno(file), F_SETFD, FD_CLOEXEC) }
    keepEndsOfChildren()
    let process: pid_t
    do throws(StartError) {
      process = try spawn(
        command, changing: changes, in: directory, output: fileno(output), errors: fileno(errors),
        leadsGroup: limit != nil)
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
    (status, timedOut) = Self.wait(for: process, limit, whileRunning)
    self.output = content(of: output)
    self.errors = content(of: errors)
  }

  private static func wait(
    for process: pid_t, _ limit: Double?, _ whileRunning: (pid_t) -> Void
  ) -> (status: Int32, timedOut: Bool) {
    let end = monotonicSeconds() + (limit ?? .infinity)
    var timedOut = false
    while true {
      if let status = endStatus(of: process, waits: limit == nil) { return (status, timedOut) }
      if !timedOut, monotonicSeconds() > end {
        timedOut = true
        kill(-process, SIGKILL)
      }
      whileRunning(process)
      usleep(5000)
    }
  }
}
