import ArgumentParser
import FoundationEssentials
import Lockstep
import Support

/// Every option of `lockstep train` with its value, as `run.json` keeps them and as the ranks of a
/// run compare them. It is made by encoding `TrainingOptions`, so that no option can be forgotten.
struct RunOptions {
  /// Options that a rank may have alone: they do not decide what is computed.
  private static let local: Set = [
    "threads", "warnAfter", "abortAfter", "runDir", "quiet", "resume", "override", "maxTime",
  ]

  /// Those that came after the first run.json of this layout was written.
  private static let later: Set = [
    "resume", "override", "checkpointEvery", "maxTime", "initFrom", "only", "except",
  ]

  let members: [(name: String, value: JSONScalar)]

  init(_ options: TrainingOptions) {
    do {
      var reader = JSONReader(Array(try JSONEncoder().encode(options)))
      members = try Self.members(&reader, areGrouped: true).sorted { $0.name < $1.name }
    } catch {
      stop("lockstep train: its options cannot be written as JSON: \(error)")
    }
  }

  /// The members of an object, and where they are grouped of those in it.
  private static func members(
    _ reader: inout JSONReader, areGrouped: Bool
  ) throws(HeaderProblem) -> [(name: String, value: JSONScalar)] {
    var members: [(name: String, value: JSONScalar)] = []
    try reader.readMembers(of: "options") { (reader, name) throws(HeaderProblem) in
      if areGrouped, reader.isAtObject() {
        members += try self.members(&reader, areGrouped: true)
      } else {
        members.append((name, try reader.readScalar()))
      }
    }
    return members
  }

  /// What all ranks of a run must have in common: names as on the command line, and values.
  var facts: [(name: String, value: String)] {
    members.filter { !Self.local.contains($0.name) }.map {
      (Self.word($0.name), $0.value.text ?? "none")
    }
  }

  /// `--global-batch` for `globalBatch`.
  static func word(_ name: String) -> String {
    "--" + name.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
  }
}

// MARK: - In run.json

extension RunOptions {
  var record: JSONObject {
    JSONObject(
      members.map { name, value in
        switch value {
        case .text(let text): (name, .text(text))
        case .number(let text): (name, .written(text))
        case .flag(let flag): (name, .flag(flag))
        case .null: (name, .written("null"))
        }
      })
  }

  /// Reads what `record` has written: an object with every option, and values that the command line
  /// would take.
  static func read(_ reader: inout JSONReader) throws(HeaderProblem) -> TrainingOptions {
    let members = try members(&reader, areGrouped: false)
    let given = Dictionary(uniqueKeysWithValues: members)
    let defaults = RunOptions(try parse([])).members
    for (name, value) in defaults {
      // Runs of older versions had no such option.
      if given[name] == nil, later.contains(name) { continue }
      guard given[name] != nil, given[name] != .null || value == .null else {
        throw missing("'\(name)'", of: "options")
      }
    }
    let known = Set(defaults.map(\.name))
    if let other = members.first(where: { !known.contains($0.name) }) {
      throw unknownMember(other.name, of: "options")
    }
    return try parse(
      members.flatMap { (name, value) -> [String] in
        switch value {
        case .flag(let flag): flag ? [word(name)] : []
        case .text(""): [word(name), ""]
        case .number(let text), .text(let text): ["\(word(name))=\(text)"]
        case .null: []
        }
      })
  }

  private static func parse(_ words: [String]) throws(HeaderProblem) -> TrainingOptions {
    do {
      return try TrainingOptions.parse(words)
    } catch {
      throw HeaderProblem(
        "its options are not those of a run: \(sentence(of: TrainingOptions.message(for: error)))")
    }
  }
}

extension JSONScalar {
  /// The value without the quotes of a text; nil for none.
  var text: String? {
    switch self {
    case .null: nil
    case .flag(let flag): "\(flag)"
    case .number(let text), .text(let text): text
    }
  }
}

// MARK: - Encoding

extension Option: @retroactive Encodable where Value: Encodable {
  /// Encodes the option's value.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}

extension Flag: @retroactive Encodable where Value: Encodable {
  /// Encodes whether the flag is set.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}

extension OptionGroup: @retroactive Encodable where Value: Encodable {
  /// Encodes the options of the group.
  func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension CommunicationOverlap: Encodable {}
extension ProductProvider: Encodable {}

extension Dataset {
  /// The size of the data called `name` and a digest of its samples.
  func facts(_ name: String) -> [(name: String, value: String)] {
    [
      ("the size of the \(name)", "\(count) samples of \(inputShape)"),
      ("the samples of the \(name)", "digest " + hexadecimal(digest())),
    ]
  }
}
