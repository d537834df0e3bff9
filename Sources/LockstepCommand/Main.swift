import ArgumentParser
import Glibc
import Lockstep

/// The `lockstep` program.
@main
struct LockstepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Train neural networks, on one process or on many ranks under mpirun.",
    subcommands: [Train.self, Evaluate.self, Generate.self, Inspect.self, Bench.self, Doctor.self])

  /// Runs the command that was asked for. Every rank parses the same command line; what is wrong
  /// with it is said once, and help is printed by rank 0.
  static func main() {
    do {
      var command = try parseAsRoot()
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

/// What ArgumentParser has to say about a command line that does not parse.
private struct CommandLineError: ReportableError {
  let message: String
  let status: Int32

  /// What is wrong, and where to read how it is done, on one line: the usage that follows would
  /// bury it.
  var description: String {
    let lines = message.split(separator: "\n")
    let hint = lines.last.map { $0.drop { $0 == " " } } ?? ""
    let cause = lines.first.map { $0.hasPrefix("Error: ") ? $0.dropFirst(7) : $0 } ?? ""
    let end = cause.hasSuffix(".") ? "" : "."
    return hint.hasPrefix("See ") ? "\(cause)\(end) \(hint)" : String(cause)
  }

  var exitCode: Diagnostics.ExitCode {
    Diagnostics.ExitCode(rawValue: status)
  }
}
