import ArgumentParser
import Lockstep
import Training

#if !Command
#error("the program lockstep needs the trait Command: add --traits Command")
#endif

/// The `lockstep` program.
@main
struct LockstepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Train neural networks, on one process or on many ranks under mpirun.",
    version: programVersion,
    subcommands: [
      Train.self, Launch.self, Evaluate.self, Generate.self, Inspect.self, Bench.self, Doctor.self,
    ])

  /// Runs the command that was asked for. Every rank parses the same command line; what is wrong
  /// with it is said once, and help is printed by rank 0.
  static func main() {
    do {
      var command = try parseAsRoot(unmistakable(try commandLineWords()))
      try command.run()
    } catch let error as any ReportableError {
      try? withCommunicator { _ in throw error }
    } catch {
      let message = fullMessage(for: error)
      let status = exitCode(for: error)
      try? withCommunicator { world in
        guard status == .success else {
          throw CommandLineError(message: message, status: status.rawValue)
        }
        if world.isRoot { try printResult(message) }
      }
    }
  }
}

/// `arguments` without what ArgumentParser takes for a missing value: a number below zero, which
/// looks like an option itself, is joined to the option before it (`--seed=-1`), and an empty value
/// is parted from its option (`--ignore=`).
///
/// Those of `launch` stay as they are: most belong to another program.
private func unmistakable(_ arguments: some Collection<String>) -> [String] {
  if arguments.first == "launch" { return Array(arguments) }
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
