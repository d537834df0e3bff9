import ArgumentParser
import Glibc
import Lockstep

#if !Command
#error("the program lockstep needs the trait Command: add --traits Command")
#endif

/// The version of the program, which `run.json` keeps beside a digest of the build.
let programVersion = "0.1.0"

/// The `lockstep` program.
@main
struct LockstepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Train neural networks, on one process or on many ranks under mpirun.",
    version: programVersion,
    subcommands: [Train.self, Evaluate.self, Generate.self, Inspect.self, Bench.self, Doctor.self])

  /// Runs the command that was asked for. Every rank parses the same command line; what is wrong
  /// with it is said once, and help is printed by rank 0.
  static func main() {
    do {
      var command = try parseAsRoot(unmistakable(CommandLine.arguments.dropFirst()))
      try command.run()
    } catch {
      let message = fullMessage(for: error)
      let status = exitCode(for: error)
      try? withCommunicator { world in
        guard status == .success else {
          throw CommandLineError(message: message, status: status.rawValue)
        }
        if world.isRoot { print(message) }
      }
    }
  }
}

/// `arguments` without what ArgumentParser takes for a missing value: a number below zero, which
/// looks like an option itself, is joined to the option before it (`--seed=-1`), and an empty value
/// is parted from its option (`--ignore=`).
private func unmistakable(_ arguments: some Sequence<String>) -> [String] {
  var joined: [String] = []
  for argument in arguments {
    if let option = joined.last, option.hasPrefix("--"), !option.contains("="), option != "--",
      argument.hasPrefix("-"), Double(argument) != nil
    {
      joined[joined.count - 1] = "\(option)=\(argument)"
    } else if argument.hasPrefix("--"), argument.hasSuffix("="),
      argument.firstIndex(of: "=") == argument.index(before: argument.endIndex)
    {
      joined += [String(argument.dropLast()), ""]
    } else {
      joined.append(argument)
    }
  }
  return joined
}

/// What is wrong with a command line in one sentence; `message` is ArgumentParser's, which lists
/// values line by line.
func sentence(of message: String) -> String {
  let lines = message.split(separator: "\n")
  guard let first = lines.first else { return "" }
  let cause = first.hasPrefix("Error: ") ? first.dropFirst(7) : first
  let values = lines.dropFirst().prefix { $0.hasPrefix("  - ") }.map { $0.dropFirst(4) }
  return values.isEmpty ? String(cause) : "\(cause) \(values.joined(separator: ", "))"
}

/// What ArgumentParser has to say about a command line that does not parse.
private struct CommandLineError: ReportableError {
  let message: String
  let status: Int32

  /// What is wrong, and where to read how it is done, on one line: the usage that follows would
  /// bury it.
  var description: String {
    let lines = message.split(separator: "\n")
    let hint = lines.last.map { $0.drop { $0 == " " } } ?? ""
    let cause = sentence(of: message)
    let end = cause.hasSuffix(".") ? "" : "."
    return hint.hasPrefix("See ") ? "\(cause)\(end) \(hint)" : cause
  }

  var exitCode: Diagnostics.ExitCode {
    Diagnostics.ExitCode(rawValue: status)
  }
}
