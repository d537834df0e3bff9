import Diagnostics
package import Glibc

/// How the child `process` ended: its exit status, or 128 + the number of the signal that ended it; nil:
/// it still runs. Can be asked once.
///
/// Where the system has not kept how it ended, that is a failure, with status 70: nobody knows.
///
/// - Parameter waits: whether to wait for its end.
package func endStatus(of process: pid_t, waits: Bool) -> Int32? {
  var state: Int32 = 0
  while case let ended = waitpid(process, &state, waits ? 0 : WNOHANG), ended != process {
    if ended == 0 { return nil }
    if errno != EINTR { return ExitCode.internalError.rawValue }
  }
  let signal = state & 0x7f
  return signal == 0 ? (state >> 8) & 0xff : 128 + signal
}

/// Has the system keep how children end until they are asked for. It does not where this process has
/// inherited that `SIGCHLD` is ignored.
package func keepEndsOfChildren() {
  if isIgnored(SIGCHLD) { signal(SIGCHLD, SIG_DFL) }
}

/// Whether this process ignores `signal`, as one under `nohup` does `SIGHUP`.
package func isIgnored(_ signal: Int32) -> Bool {
  var action = sigaction()
  guard sigaction(signal, nil, &action) == 0 else { return false }
  return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    == unsafeBitCast(SIG_IGN, to: Int.self)
}
