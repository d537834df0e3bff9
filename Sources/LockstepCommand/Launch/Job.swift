import CRuntime
import Glibc
import Lockstep

/// A job of ranks that this process starts, shows and waits for.
///
/// A signal to this process is passed on, so that it ends the job (or, as `SIGUSR1`, reaches its
/// ranks) and not only the one who waits, unless this process ignores it, as under `nohup`. The job is a
/// process group of its own: a signal to this one's group, such as a terminal's, reaches it once too.
/// The job ends with this process, however that ends.
package struct Job {
  private static let passedOn = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT,
  ]

  /// The seconds for which what a job left behind may still write.
  private static let secondsAfterEnd = 1.0

  /// How a job came to its end.
  package struct End {
    /// Its exit status, or 128 + the number of the signal that ended it.
    package var status: Int32
    /// The directory of the run that its ranks were, if they have said so.
    package var run: String?
    /// Whether somebody asked it to end.
    package var wasAsked: Bool

    package init(status: Int32, run: String? = nil, wasAsked: Bool = false) {
      (self.status, self.run, self.wasAsked) = (status, run, wasAsked)
    }
  }

  private let process: pid_t
  private let errors: Int32
  private let signals: sigset_t

  /// Runs `command` to its end.
  ///
  /// Throws `LaunchFailure` (69) where the program cannot be started.
  static func run(_ command: [String], drawsBar: Bool) throws -> End {
    try Job(command).finish(JobErrors(drawsBar: drawsBar))
  }

  private init(_ command: [String]) throws {
    var signals = sigset_t()
    sigemptyset(&signals)
    keepEndsOfChildren()
    // One that is blocked would come though it is ignored.
    for signal in Self.passedOn where !isIgnored(signal) { sigaddset(&signals, signal) }
    // It ends a wait.
    sigaddset(&signals, SIGCHLD)
    // Before there is a job, so that none is lost.
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    self.signals = signals
    var ends: (read: Int32, write: Int32) = (0, 0)
    let opened = withUnsafeMutablePointer(to: &ends) {
      $0.withMemoryRebound(to: Int32.self, capacity: 2) { pipe($0) }
    }
    guard opened == 0 else { throw LaunchFailure.notStarted(command[0], errno) }
    for end in [ends.read, ends.write] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    process = lk_start_job(arguments, ends.write)
    errors = ends.read
    close(ends.write)
    guard process > 0 else {
      close(ends.read)
      throw LaunchFailure.notStarted(command[0], -process)
    }
  }

  private func finish(_ shown: consuming JobErrors) -> End {
    var shown = shown
    var status: Int32?
    var requests = StopRequests()
    var limit = Double.infinity
    // A process that the job leaves behind may hold the pipe open for ever, and write to it: when the
    // job has ended, what comes within a tenth of a second still counts, for a second.
    while let bytes = read(within: status == nil ? 50 : 100), monotonicSeconds() < limit {
      if bytes.isEmpty, status != nil { break }
      printError(bytes.isEmpty ? shown.pause() : shown.pass(bytes))
      guard status == nil else { continue }
      passSignalsOn(&requests, isRun: shown.run != nil)
      status = endStatus(of: process, waits: false)
      if status != nil { limit = monotonicSeconds() + Self.secondsAfterEnd }
    }
    printError(shown.end())
    close(errors)
    while status == nil {
      passSignalsOn(&requests, isRun: shown.run != nil, within: 50)
      status = endStatus(of: process, waits: false)
    }
    return End(status: status ?? 0, run: shown.run, wasAsked: requests.count > 0)
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

  private func passSignalsOn(
    _ requests: inout StopRequests, isRun: Bool, within milliseconds: Int = 0
  ) {
    var received = receivedSignals(within: milliseconds)
    guard !received.isEmpty else { return }
    // Who signals a process and then its group, as GNU timeout does, means one signal.
    usleep(10_000)
    for signal in receivedSignals(within: 0) where !received.contains(signal) {
      received.append(signal)
    }
    for signal in received where signal != SIGCHLD {
      kill(process, requests.passedOn(signal, isRun: isRun))
      // Ctrl-Z: the shell waits for this process to stop.
      if signal == SIGTSTP { raise(SIGSTOP) }
    }
  }

  /// Those that have come, each once.
  private func receivedSignals(within milliseconds: Int) -> [Int32] {
    var signals = signals
    var limit = timespec(tv_sec: 0, tv_nsec: milliseconds * 1_000_000)
    var received: [Int32] = []
    while case let signal = sigtimedwait(&signals, nil, &limit), signal > 0 {
      if !received.contains(signal) { received.append(signal) }
      limit = timespec()
    }
    return received
  }
}

/// What somebody has asked of a job that it shall end.
package struct StopRequests {
  package private(set) var count = 0

  package init() {}

  /// The signal that the job gets for `signal`. Ranks that are a run are asked to save and stop the first
  /// time: `mpirun` would pass `SIGTERM` and `SIGINT` on a second later, and kill them a second after.
  package mutating func passedOn(_ signal: Int32, isRun: Bool) -> Int32 {
    guard signal == SIGINT || signal == SIGTERM else { return signal }
    count += 1
    return isRun && count == 1 ? SIGUSR1 : signal
  }
}
