import Foundation
import TestSupport

/// The scripts of `launch/` in a folder of their own that is their root, and stand-ins for what
/// takes long or changes the machine.
struct Scripts {
  /// The repository's root.
  static let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardized.path

  let directory: TemporaryDirectory
  /// The scripts' `root`.
  var root: String { directory.path }

  init() throws {
    directory = try TemporaryDirectory()
    try directory.copy(Self.repository + "/launch", to: "launch")
  }

  /// Puts a shell script in the place of the program `name`, for all that runs here.
  func standIn(_ name: String, _ script: String) throws {
    try writeProgram("bin/" + name, script)
  }

  /// Writes an executable shell script.
  func writeProgram(_ path: String, _ script: String) throws {
    try directory.writeProgram("#!/bin/bash\n\(script)\n", to: path)
  }

  /// Puts this build's `lockstep` where the scripts build it, and lets building be quick.
  func useBuiltProgram() throws {
    try standIn("swift", "[[ $1 == build ]] || exit 70")
    try writeProgram(".build/release/lockstep", "exec '\(try builtProgram("lockstep"))' \"$@\"")
  }

  /// Runs a script, which may start a job, with the stand-ins before everything else.
  func run(
    _ script: String, _ arguments: [String] = [], environment: [String: String?] = [:]
  ) throws -> ProcessRun {
    try withoutOtherJobs { try runCommand([root + "/launch/" + script] + arguments, environment) }
  }

  /// Runs lines of bash that use `launch/lib.sh`.
  func runLibrary(
    _ lines: String, environment: [String: String?] = [:]
  ) throws -> ProcessRun {
    try runCommand(
      ["/bin/bash", "-c", "set -euo pipefail; source '\(root)/launch/lib.sh'; \(lines)"],
      environment)
  }

  private func runCommand(
    _ command: [String], _ environment: [String: String?]
  ) throws -> ProcessRun {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let changes = plainEnvironment.merging(["PATH": "\(root)/bin:\(path)"]) { $1 }
    return try TestSupport.run(command, environment: changes.merging(environment) { $1 }, in: root)
  }
}

extension ProcessRun {
  /// The lines of standard output.
  var lines: [String] { output.split(separator: "\n").map(String.init) }
}
