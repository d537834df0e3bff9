import ArgumentParser
import Glibc
import Lockstep

/// The `lockstep` program.
@main
struct LockstepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Train neural networks, on one process or on many ranks under mpirun.",
    subcommands: [Train.self, Evaluate.self, Bench.self, Doctor.self])

  /// Runs the command that was asked for. Every rank parses the same command line; what is wrong with it is said
  /// once, and help is printed by rank 0.
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

  var description: String {
    message.hasPrefix("Error: ") ? String(message.dropFirst("Error: ".count)) : message
  }

  var exitCode: Diagnostics.ExitCode {
    Diagnostics.ExitCode(rawValue: status)
  }
}
