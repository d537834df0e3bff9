import Foundation
import TestSupport
import Testing

/// README and the pages of `Docs` name only what there is.
@Suite struct DocumentTests {
  /// Names of others that no source of ours uses.
  private static let foreign: Set = [
    // Swift's standard library and C's.
    "enumerated", "memcpy", "Mutex", "Sendable", "testable", "UnsafeMutableBufferPointer",
    // PyTorch's, where a page says what is different here.
    "ReLU6", "SyncBatchNorm", "TransformerEncoderLayer", "add_zero_attn", "bias_k",
    "consolidate_state_dict", "copy_", "elementwise_affine", "enumerate", "fill_", "foreach",
    "fused", "load_file", "max_norm", "maximize", "proj_size", "rstd", "running_mean",
    "scale_grad_by_freq", "sparse",
    "token_embedding",
    // Open MPI's functions and variables, Slurm's and the Swift compiler's options, and words of a shell.
    "MPI_Comm_f2c", "OMPI_MCA_", "OMPI_MCA_hwloc_base_report_bindings", "ssh", "--cpus-per-task",
    "--nodes",
    "--ntasks-per-node", "--sanitize", "--scratch-path", "yes",
    // What Open MPI prints under a system call filter; a column of a user's table.
    "Read", "species",
    // Names that a page gives to what its reader writes.
    "Net", "Scale", "Squares", "callCount", "gain", "stepsDone", "tokenEmbedding",
  ]

  private static let root = URL(filePath: Scripts.repository)

  static let pages: [String] = {
    let docs = (try? FileManager.default.contentsOfDirectory(atPath: root.path + "/Docs")) ?? []
    return ["README.md"] + docs.filter { $0.hasSuffix(".md") }.sorted().map { "Docs/" + $0 }
  }()

  /// The files below a folder, by their paths from the root.
  private static func files(_ folder: String) -> [String] {
    let names = FileManager.default.subpaths(atPath: root.appending(path: folder).path) ?? []
    return names.map { folder + "/" + $0 }
  }

  private static func text(_ path: String) -> String {
    (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
  }

  private static func words(_ text: String) -> Set<Substring> {
    Set(text.matches(of: /[A-Za-z_][A-Za-z0-9_]*/).map(\.output))
  }

  /// The code in `folders`, without comments, and all names in it and of its files.
  private static func names(_ folders: [String]) -> (code: String, names: Set<Substring>) {
    let paths = folders.flatMap(files) + ["Package.swift"]
    let code = paths.filter { !$0.hasSuffix(".safetensors") && !$0.hasSuffix(".gz") }
      .map { path in
        let text = text(path)
        let isCommented = path.hasSuffix(".swift") || path.hasSuffix(".c") || path.hasSuffix(".h")
        return isCommented ? text.replacing(/(?:^|\s)\/\/.*/, with: "") : text
      }.joined(separator: "\n")
    return (code, words(code).union(words(paths.joined(separator: " "))))
  }

  private static let program = names(["Sources", "launch"])
  private static let tests = names(["Tests"])
  /// Properties and cases of the program, which are what the argument parser makes options of.
  private static let properties = words(
    names(["Sources/LockstepCommand", "Sources/Training", "Sources/Benchmarks"]).code.matches(
      of: /\b(?:var|case) ([A-Za-z, ]+)/
    )
    .map(\.output.1).joined(separator: " "))

  /// What is in backticks, and the blocks of Swift; of a table from PyTorch's names to ours, the
  /// last column.
  private static func code(of page: String) -> [Substring] {
    let text = text(page)
    let blocks = text.matches(of: /```swift\n((?:.|\n)*?)```/).map(\.output.1)
    let prose = text.replacing(/```(?:.|\n)*?```/, with: "").split(separator: "\n").map { line in
      let cells = line.split(separator: "|")
      return page.hasSuffix("coming-from-pytorch.md") && cells.count == 2 ? cells[1] : line
    }
    return blocks + prose.joined(separator: "\n").matches(of: /`([^`]+)`/).map(\.output.1)
  }

  @Test(arguments: pages)
  func namesExist(_ page: String) {
    let known =
      page == "Docs/testing.md" ? Self.program.names.union(Self.tests.names) : Self.program.names
    func isCommand(_ name: Substring) -> Bool {
      Self.program.code.contains("struct \(name.capitalized): ParsableCommand")
    }
    let places = Self.words(Self.files("Tests").joined(separator: " "))
    for code in Self.code(of: page) {
      let plain = code.replacing(/(?:^|\s)\/\/.*/, with: "").replacing(/"[^"\n]*"/, with: "")
        .replacing(/--[a-z-]+/, with: "")
      let own = Self.words(
        plain.matches(of: /\b(?:let|var|for|func|class|struct) ([^=\n]*)/).map(\.output.1)
          .joined(separator: " "))
      let unknown = Self.words(String(plain)).filter { name in
        name.count > 2 && !known.contains(name) && !own.contains(name) && !places.contains(name)
          && !Self.foreign.contains(String(name)) && !isCommand(name)
      }
      #expect(unknown.isEmpty, "\(page): `\(code)`")
    }
  }

  /// An option is said by a script, or by a property of the program.
  @Test(arguments: pages)
  func optionsExist(_ page: String) {
    for option in Self.text(page).matches(of: /(?:^|[\s`(])(--[a-z][a-z0-9-]+)/).map(\.output.1) {
      let parts = option.dropFirst(2).split(separator: "-")
      let property = Substring(parts[0] + parts.dropFirst().map(\.capitalized).joined())
      let isKnown =
        Self.program.code.contains(option) || Self.tests.code.contains(option)
        || Self.properties.contains(property)
        || Self.foreign.contains(String(option))
      #expect(isKnown, "\(page): \(option)")
    }
  }

  /// Files and folders in backticks, from the root or from a module's folder, and links.
  @Test(arguments: pages)
  func pathsExist(_ page: String) throws {
    func exists(_ path: String) -> Bool {
      FileManager.default.fileExists(atPath: Self.root.appending(path: path).path)
    }
    for code in Self.code(of: page) {
      let path = code.prefix { !$0.isWhitespace && $0 != ":" }
      let folder = String(path.prefix { $0 != "/" })
      guard path.contains("/"), !folder.isEmpty,
        ["Sources", "Tests", "launch", "Docs"].contains(folder)
          || exists("Sources/" + folder)
      else { continue }
      let places = [String(path), "Sources/" + path].flatMap { [$0, $0 + ".swift"] }
      #expect(places.contains(where: exists), "\(page): \(path)")
    }
    let page = Self.root.appending(path: page)
    for link in try String(contentsOf: page, encoding: .utf8).matches(of: /\]\(([^)\s]+)\)/) {
      let parts = link.output.1.split(separator: "#", omittingEmptySubsequences: false)
      guard !link.output.1.hasPrefix("http") else { continue }
      let target = parts[0].isEmpty ? page : URL(filePath: String(parts[0]), relativeTo: page)
      #expect(
        FileManager.default.fileExists(atPath: target.path), "\(page.path): \(link.output.1)")
      guard parts.count == 2 else { continue }
      let headings = try String(contentsOf: target, encoding: .utf8).split(separator: "\n")
        .filter { $0.hasPrefix("#") }
        .map { $0.lowercased().drop { $0 == "#" || $0 == " " }.replacing(/[^a-z0-9 -]/, with: "") }
      #expect(
        headings.contains { $0.replacing(" ", with: "-") == parts[1] },
        "\(page.path): \(link.output.1)")
    }
  }

  /// What the program reads from its environment is in a document.
  @Test func variablesAreDocumented() {
    let pages = Self.pages.map(Self.text).joined()
    let read = Set(
      Self.program.code.matches(of: /"(LOCKSTEP_[A-Z0-9_]+)"/).map { String($0.output.1) })
    // Set by `launch/train` for the program.
    let own: Set = ["LOCKSTEP_COLUMNS"]
    #expect(read.isSuperset(of: own.union(["LOCKSTEP_NUM_THREADS", "LOCKSTEP_MNIST"])))
    for name in read.subtracting(own) { #expect(pages.contains("`\(name)`"), "\(name)") }
  }
}
