import Diagnostics
import Glibc

/// The value of a variable of this process's environment.
package func environmentVariable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// How many columns the terminal on standard error has; nil: there is none that draws.
package func terminalColumns() -> Int? {
  guard isatty(STDERR_FILENO) == 1, let kind = environmentVariable("TERM"), kind != "dumb" else {
    return nil
  }
  var size = winsize()
  guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
  return Int(size.ws_col)
}

/// The path of the program called `name`, a path itself or a name in `PATH`; nil: there is none that
/// this user may start.
package func pathOfProgram(_ name: String) -> String? {
  let folders = name.contains("/") ? [] : (environmentVariable("PATH") ?? "").split(separator: ":")
  let paths = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
  return paths.first { access($0, X_OK) == 0 }
}

/// The seconds that a variable of this process's environment holds; nil: there is none. Stops the
/// program where it holds no number from 0.
package func secondsVariable(_ name: String) -> Double? {
  guard let text = environmentVariable(name) else { return nil }
  guard let value = Double(text), value >= 0, value.isFinite else {
    stop("\(name) is '\(text)'; it must be a number of seconds, and 0 means never")
  }
  return value
}
