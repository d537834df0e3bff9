import Foundation
import TestSupport
import Testing

/// What `import Lockstep` and `import ModelZoo` give to a program is listed in `Docs/public-api.txt`:
/// a change of it is seen, and meant. `launch/public-api` writes the list anew.
@Suite(.serialized) struct PublicSurfaceTests {
  private static let modules = [
    "Diagnostics", "Support", "Parallel", "Elements", "Steps", "Communication", "TensorCore",
    "Kernels", "NeuralNet", "Optimizers", "DataLoading", "Checkpoints", "DataParallel", "ModelZoo",
  ]
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Graph: Decodable {
    let symbols: [Symbol]
  }

  private struct Symbol: Decodable {
    let identifier: Identifier
    let pathComponents: [String]
    let declarationFragments: [Fragment]

    struct Identifier: Decodable { let precise: String }
    struct Fragment: Decodable { let spelling: String }

    /// What the compiler adds by itself does not count.
    var isWritten: Bool { !identifier.precise.contains("SYNTHESIZED") }

    var line: String {
      let declaration = declarationFragments.map(\.spelling).joined()
        .split(whereSeparator: \.isWhitespace).joined(separator: " ")
      return pathComponents.joined(separator: ".") + "   " + declaration
    }
  }

  /// The public declarations of all modules, a line each, in order.
  private func surface() throws -> [String] {
    let build = URL(filePath: try builtProgram("lockstep")).deletingLastPathComponent().path
    let sources = Scripts.repository + "/Sources"
    let mpi = try run(["/usr/bin/env", "pkg-config", "--cflags-only-I", "ompi-c"])
    var clang = mpi.output.split(whereSeparator: \.isWhitespace).map(String.init)
    for module in ["CRuntime", "CFloats", "CKernels"] {
      clang += ["-I\(sources)/\(module)/include"]
      clang += ["-fmodule-map-file=\(build)/\(module).build/module.modulemap"]
    }
    for module in ["CMPI", "CZlib"] {
      clang += ["-fmodule-map-file=\(sources)/\(module)/module.modulemap"]
    }
    var lines: Set<String> = []
    for module in Self.modules {
      let command = [
        "/usr/bin/env", "swift", "symbolgraph-extract", "-module-name", module, "-I",
        build + "/Modules", "-target", "x86_64-unknown-linux-gnu", "-output-dir", directory.path,
        "-minimum-access-level", "public",
      ]
      let extract = try run(command + clang.flatMap { ["-Xcc", $0] })
      try #require(extract.status == 0, "\(module): \(extract.errors)")
      for file in directory.list() where file.split(separator: "@")[0].hasPrefix(module) {
        let graph = try JSONDecoder().decode(Graph.self, from: Data(try directory.read(file)))
        for symbol in graph.symbols where symbol.isWritten {
          lines.insert("\(module)   \(symbol.line)")
        }
      }
    }
    return lines.sorted()
  }

  @Test func isTheListedOne() throws {
    let path = Scripts.repository + "/Docs/public-api.txt"
    let found = try surface()
    #expect(found.count > 1000)
    if ProcessInfo.processInfo.environment["ACCEPT_PUBLIC_API"] == "1" {
      try found.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
    }
    let listed = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .map(String.init)
    let (added, removed) = (Set(found).subtracting(listed), Set(listed).subtracting(found))
    #expect(
      added.isEmpty && removed.isEmpty,
      """
      The public surface is not that of Docs/public-api.txt; if that is meant, run launch/public-api
      new: \(added.sorted().joined(separator: "\n     "))
      gone: \(removed.sorted().joined(separator: "\n     "))
      """)
  }
}
