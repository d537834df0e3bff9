import ArgumentParser
import Lockstep
import Support

/// A kind of data that `--data` can name.
struct DataFormat: Sendable {
  /// As in `mnist`.
  let name: String
  /// What follows the name and a colon, as in `DIR`; nil where nothing does.
  let place: String?
  /// The kind of task that such data are for.
  let kind: String
  /// Whether there are columns to choose from.
  var hasColumns = false
  /// Reads the data at a place for training.
  let prepare: @Sendable (String, TaskOptions) throws -> PreparedTask

  /// As in `mnist:DIR`.
  var pattern: String { name + (place.map { ":" + $0 } ?? "") }

  static let all = taskKinds.flatMap { $0.formats }
}

/// Where samples come from: the value of `--data`.
package struct DataSource: ExpressibleByArgument, CustomStringConvertible, Encodable {
  let format: DataFormat
  /// A path; empty where the data are part of the program.
  let place: String

  package init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
    guard let format = DataFormat.all.first(where: { $0.name == parts.first }),
      parts.count == (format.place == nil ? 1 : 2)
    else { return nil }
    self.init(format, parts.count == 2 ? parts[1] : "")
  }

  init(_ format: DataFormat, _ place: String) {
    self.format = format
    self.place = place
  }

  /// The digits that are part of the program.
  static let digits = DataSource(ImageTask.digits, "")

  package var description: String { format.place == nil ? format.name : "\(format.name):\(place)" }

  /// The same with a path that does not depend on where the program is started.
  var absolute: DataSource {
    format.place == nil ? self : DataSource(format, absolutePath(place))
  }

  package static var allValueStrings: [String] { DataFormat.all.map(\.pattern) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// What a model learns to make small: the value of `--loss`.
enum LossName: String, ExpressibleByArgument, CaseIterable, Encodable {
  case crossEntropy, mse
}
