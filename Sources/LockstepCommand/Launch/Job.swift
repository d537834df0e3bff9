import CRuntime
import Glibc
import Lockstep

/// A job of ranks that this process starts, shows and waits for.
///
/// A signal to this process is passed on, so that it ends the job (or, as `SIGUSR1`, reaches its
/// ranks) and not only the one who waits. What a terminal sends, such as the one of Ctrl-C, goes to
/// all processes anyway. The job ends with this process, however that ends.
struct Job {
  private static let passedOn = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]

  private let process: pid_t
  private let errors: Int32
  private let signals: sigset_t

  /// Runs `command` to its end. Returns its exit status, or 128 + the number of the signal that ended
  /// it.
  ///
  /// Throws `LaunchFailure` (69) where the program cannot be started.
  static func run(_ command: [String], drawsBar: Bool) throws -> Int32 {
    try Job(command).finish(JobErrors(drawsBar: drawsBar))
  }

  private init(_ command: [String]) throws {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in Self.passedOn + [SIGCHLD] { sigaddset(&signals, signal) }
    // Before there is a job, so that none is lost.
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    self.signals = signals
    var ends: (read: Int32, write: Int32) = (0, 0)
    let opened = withUnsafeMutablePointer(to: &ends) {
      $0.withMemoryRebound(to: Int32.self, capacity: 2) { pipe($0) }
    }
    guard opened == 0 else { throw Self.failure(command[0], errno) }
    for end in [ends.read, ends.write] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    process = lk_start_job(arguments, ends.write)
    errors = ends.read
    close(ends.write)
    guard process > 0 else {
      close(ends.read)
      throw Self.failure(command[0], -process)
    }
  }

  private static func failure(_ program: String, _ error: Int32) -> LaunchFailure {
    error == ENOENT
      ? .missing(program)
      : LaunchFailure(
        "\(program): cannot be started: \(String(cString: strerror(error)))", .unavailable)
  }

  private func finish(_ shown: consuming JobErrors) -> Int32 {
    var shown = shown
    var status: Int32?
    // A process that the job leaves behind may hold the pipe open for ever: when the job has ended,
    // what comes within a tenth of a second still counts.
    while let bytes = read(within: status == nil ? 50 : 100) {
      if bytes.isEmpty, status != nil { break }
      printError(shown.pass(bytes))
      passSignalsOn()
      status = status ?? self.status()
    }
    printError(shown.end())
    close(errors)
    while status == nil {
      passSignalsOn(within: 50)
      status = self.status()
    }
    return status ?? 0
  }

  /// What has come after so many milliseconds at most; nil: nothing ever will.
  private func read(within milliseconds: Int32) -> [UInt8]? {
    var ready = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
    guard poll(&ready, 1, milliseconds) > 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(errors, &buffer, buffer.count)
    if count < 0, errno == EINTR { return [] }
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  private func passSignalsOn(within milliseconds: Int = 0) {
    var signals = signals
    var information = siginfo_t()
    var limit = timespec(tv_sec: 0, tv_nsec: milliseconds * 1_000_000)
    while case let signal = sigtimedwait(&signals, &information, &limit), signal > 0 {
      // Above zero it is from the kernel: from the terminal, which tells the whole group.
      if signal != SIGCHLD, information.si_code <= 0 { kill(process, signal) }
      limit = timespec()
    }
  }

  private func status() -> Int32? {
    var state: Int32 = 0
    guard waitpid(process, &state, WNOHANG) == process else { return nil }
    let signal = state & 0x7f
    return signal == 0 ? (state >> 8) & 0xff : 128 + signal
  }
}
