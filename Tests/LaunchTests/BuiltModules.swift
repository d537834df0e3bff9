import Foundation
import TestSupport

/// What `launch/lib.sh` does with the modules of this build.
enum BuiltModules {
  /// The folder that has them.
  static var folder: String {
    get throws { URL(filePath: try builtProgram("lockstep")).deletingLastPathComponent().path }
  }

  /// Runs a function of `launch/lib.sh` that takes this build's folder and a path.
  static func run(_ function: String, _ path: String) throws -> ProcessRun {
    try TestSupport.run([
      "/bin/bash", "-c", "set -euo pipefail; source \"$0/launch/lib.sh\"; \(function) \"$@\"",
      Scripts.repository, try folder, path,
    ])
  }
}
