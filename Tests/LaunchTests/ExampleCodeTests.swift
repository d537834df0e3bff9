import Foundation
import TestSupport
import Testing

/// The Swift in doc comments, in README and in the pages of `Docs` is accepted by the compiler.
@Suite(.serialized) struct ExampleCodeTests {
  /// What examples use without saying where it comes from.
  private static let given = """
    world: any Communicator, model: Classifier, optimizer: AdamW, data: Digits,
    batches: DataLoader, tests: DataLoader, images: Tensor, labels: Tensor, x: Tensor,
    sequence: [(Tensor, Tensor)], cell: (Tensor, Tensor) -> (Tensor, Tensor),
    output: inout Tensor, h: inout Tensor, correct: inout Int,
    epochs: Int, epoch: Int, steps: Int, step: Int, stepsDone: Int,
    logits: Tensor, mask: Tensor, validationLoss: Double
    """

  private struct Example {
    let path: String
    /// The number of its first line in the file.
    let line: Int
    let code: String
  }

  /// The blocks of Swift in a text whose lines begin with `mark`.
  private static func blocks(_ path: String, after mark: String) throws -> [Example] {
    let text = try String(contentsOfFile: Scripts.repository + "/" + path, encoding: .utf8)
    var examples: [Example] = []
    var open: (line: Int, code: [Substring])?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      var line = mark.isEmpty ? line : line.drop { $0 == " " }
      guard line.hasPrefix(mark) else { continue }
      line = line.dropFirst(mark.count)
      if !mark.isEmpty, line.first == " " { line = line.dropFirst() }
      if line == "```swift" {
        open = (index + 2, [])
      } else if line == "```", let block = open {
        examples.append(
          Example(path: path, line: block.line, code: block.code.joined(separator: "\n")))
        open = nil
      } else {
        open?.code.append(line)
      }
    }
    return examples
  }

  private static func examples() throws -> [Example] {
    let sources = try FileManager.default.subpathsOfDirectory(
      atPath: Scripts.repository + "/Sources"
    ).filter { $0.hasSuffix(".swift") }.sorted()
    // The page on autograd shows how an operation of the library is written, inside of it.
    let pages = DocumentTests.pages.filter { $0 != "Docs/autograd.md" }
    return try pages.flatMap { try blocks($0, after: "") }
      + sources.flatMap { try blocks("Sources/" + $0, after: "///") }
  }

  /// A function around an example, whose errors are named by the place of the example.
  private static func function(_ number: Int, _ example: Example) -> String {
    // An ellipsis stands for the reader's own code, and a local type needs no access level.
    let code = example.code.replacing("…", with: "").replacing("public ", with: "")
      .replacing(/(?m)^import \w+.*$/, with: "")
    return """
      func example\(number)(\(given)) throws {
        do {
      #sourceLocation(file: "\(example.path)", line: \(example.line))
      \(code)
      #sourceLocation()
        }
      }
      """
  }

  @Test func compiles() throws {
    let examples = try Self.examples()
    for path in ["README.md", "Docs/data.md", "Sources/TensorCore/Tensor/Tensor.swift"] {
      #expect(examples.contains { $0.path == path }, "\(path)")
    }
    let model = """
      \("import") Lockstep

      final class Classifier: Module, Layer {
        let backbone = Linear(64, 32), head = Linear(32, 10)
        func forward(_ images: Tensor) -> Tensor { head(relu(backbone(images))) }
      }

      """
    let imports = examples.flatMap { $0.code.matches(of: /(?m)^import \w+/).map { $0.output } }
    let functions = examples.enumerated().map(Self.function)
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      Array(
        (Set(imports).sorted().joined(separator: "\n") + "\n" + model
          + functions.joined(separator: "\n")).utf8), to: "Examples.swift")
    let check = try BuiltModules.run("check_code", path)
    let errors = check.errors.filter { $0.contains(" error: ") }
    #expect(check.status == 0, "\(errors.joined(separator: "\n"))")
  }
}
