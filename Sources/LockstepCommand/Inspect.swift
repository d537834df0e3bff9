import ArgumentParser
import Lockstep
import Support

/// `lockstep inspect`
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what a safetensors file holds: names, types, shapes and the range of values.",
    discussion: "The file is checked first; one that is damaged ends with what is wrong with it.")

  @Argument(help: "The file.")
  var file: String

  func run() throws {
    try withCommunicator { world in
      guard world.isRoot else { return }
      let contents = try SafeTensors.read(file)
      var (elements, rows) = (0, [[String]]())
      for name in contents.names {
        guard let entry = contents.entry(name) else { continue }
        elements += entry.shape.reduce(1, *)
        let shape = "[" + entry.shape.map(String.init).joined(separator: ", ") + "]"
        rows.append(
          [printable(name), entry.dtype.rawValue, shape] + (try statistics(contents, name)))
      }
      let table = TextTable(
        ["tensor", "type", "shape", "smallest", "mean", "largest"].map { .left($0) })
      for line in table.lines(rows) { try printResult(line) }
      try printResult("\(contents.names.count) tensors, \(elements) elements")
      for (key, value) in contents.metadata.sorted(by: { $0.key < $1.key }) {
        try printResult("metadata \(printable(key)): \(printable(value, limit: 4000))")
      }
    }
  }

  /// The smallest value, the mean and the largest; dashes for types that cannot be loaded and
  /// tensors without elements.
  private func statistics(_ contents: SafeTensorsFile, _ name: String) throws -> [String] {
    guard let entry = contents.entry(name), entry.dtype.dtype != nil,
      entry.shape.count <= Shape.maximumRank, entry.shape.allSatisfy({ $0 > 0 })
    else { return ["-", "-", "-"] }
    let values = try contents.tensor(name).converted(to: .float32)
    return [values.min(), values.mean(), values.max()].map { $0.item().text(4) }
  }
}
