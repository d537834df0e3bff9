import Foundation
import TestSupport
import Testing

/// What `import Lockstep` and `import ModelZoo` give to a program is listed in `Docs/public-api.txt`:
/// a change of it is seen, and meant. `launch/public-api` writes the list anew.
@Suite(.serialized) struct PublicSurfaceTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Graph: Decodable {
    let symbols: [Symbol]
  }

  private struct Symbol: Decodable {
    let pathComponents: [String]
    let declarationFragments: [Fragment]
    let location: Location?

    struct Fragment: Decodable { let spelling: String }
    struct Location: Decodable { let uri: String }

    /// The folder of its source; nil for what the compiler adds to a type.
    var module: Substring? { location?.uri.firstMatch(of: /\/Sources\/(\w+)\//)?.output.1 }

    var line: String {
      let declaration = declarationFragments.map(\.spelling).joined()
        .split(whereSeparator: \.isWhitespace).joined(separator: " ")
      return pathComponents.joined(separator: ".") + "   " + declaration
    }
  }

  /// The public declarations of all modules, a line each, in order.
  private func surface() throws -> [String] {
    let extract = try BuiltModules.run("extract_symbols", directory.path)
    try #require(extract.status == 0, "\(extract.errors)")
    var lines: Set<String> = []
    for file in directory.list() {
      let graph = try JSONDecoder().decode(Graph.self, from: Data(try directory.read(file)))
      let types = Dictionary(
        graph.symbols.compactMap { symbol in symbol.module.map { (symbol.pathComponents, $0) } },
        uniquingKeysWith: { first, _ in first })
      for symbol in graph.symbols {
        let module = try #require(symbol.module ?? types[Array(symbol.pathComponents.dropLast())])
        lines.insert("\(module)   \(symbol.line)")
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
