import Diagnostics
import Glibc

/// The value of a variable of this process's environment.
package func environmentVariable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// The folder that relative paths start from. Stops the program, with status 78, where it has none, or
/// one whose path is not UTF-8: that would become another one.
package func currentDirectory() -> String {
  guard let path = getcwd(nil, 0) else {
    stop(
      "the folder that this program was started in is not there: \(reason(of: errno))",
      status: .configuration)
  }
  defer { free(path) }
  guard let text = String(validatingCString: path) else {
    stop(
      "the path of this folder, '\(printable(String(cString: path)))', is not text in UTF-8; start "
        + "the program in another one", status: .configuration)
  }
  return text
}

/// `path` as it is called wherever a program is started.
package func absolutePath(_ path: String) -> String {
  guard !path.hasPrefix("/") else { return path }
  var rest = Substring(path)
  while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
  let folder = currentDirectory()
  return (folder == "/" ? "" : folder) + "/" + rest
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
