import Diagnostics
public import TensorCore

/// How the cells of a table become numbers: fitted to the rows that a model learns from, and to be
/// kept with the model, whose weights mean nothing without it.
///
/// ```swift
/// let flowers = try TabularData(csv: "iris.csv", classifying: "species")
/// let others = try flowers.encoding.classified(csv: "more.csv")  // the same columns and classes
/// ```
public struct TableEncoding: Hashable, Sendable {
  /// What the cells of the target stand for.
  public enum Targets: Hashable, Sendable {
    /// Classes; a label is a place in this list.
    case classes([String])
    /// Numbers, less `mean` and divided by `deviation`; as they are with 0 and 1.
    case numbers(mean: Double, deviation: Double)
  }

  /// The name of the column that is predicted.
  public let target: String
  /// What its cells stand for.
  public let targets: Targets
  /// The names of the columns that are inputs, in the order of a sample's values.
  public let features: [String]
  /// The names of columns that a table may have besides.
  public let ignored: Set<String>
  /// What is done to the inputs.
  public let standardization: Standardization

  /// An encoding that was fitted before.
  ///
  /// Stops the program unless there are a mean and a deviation for each feature, every deviation is
  /// positive and all are finite, and no name comes twice.
  public init(
    target: String, targets: Targets, features: [String], ignoring ignored: Set<String> = [],
    standardization: Standardization
  ) {
    check(
      standardization.means.count == features.count,
      "TableEncoding: \(features.count) features, but a standardisation of "
        + "\(standardization.means.count) columns")
    var deviations = standardization.deviations
    var means = standardization.means
    if case .numbers(let mean, let deviation) = targets {
      means.append(mean)
      deviations.append(deviation)
    }
    check(
      means.allSatisfy(\.isFinite) && deviations.allSatisfy { $0.isFinite && $0 > 0 },
      "TableEncoding: means must be finite, and deviations finite and positive")
    check(
      Set(features + [target]).count == features.count + 1
        && ignored.isDisjoint(with: features + [target]),
      "TableEncoding: a column is named twice among target, features and those to ignore")
    if case .classes(let names) = targets {
      check(Set(names).count == names.count, "TableEncoding: a class is named twice")
    }
    self.target = target
    self.targets = targets
    self.features = features
    self.ignored = ignored
    self.standardization = standardization
  }

  /// The names of the classes; empty where targets are numbers.
  public var classes: [String] { if case .classes(let names) = targets { names } else { [] } }

  /// All rows of the file at `path`, labelled with their classes.
  ///
  /// Columns are known by their names and may be in any order. Throws a `DataError` if one is
  /// missing, there is another that is not ignored, or a cell is not what its column asks for; a
  /// class that this encoding does not know is such a cell. Stops the program if targets are
  /// numbers.
  public func classified(csv path: String) throws(DataError) -> InMemoryDataset<Float, Int32> {
    guard case .classes(let names) = targets else {
      stop("TableEncoding: the targets are numbers; read the file with measured(csv:)")
    }
    let table = try table(path)
    return rows(
      of: table, Array(0..<table.rowCount), targets: try table.targetLabels(among: names), shape: []
    )
  }

  /// All rows of the file at `path`, with a number each, `[1]`.
  ///
  /// See `classified(csv:)`. Stops the program if targets are classes.
  public func measured(csv path: String) throws(DataError) -> InMemoryDataset<Float, Float> {
    guard case .numbers = targets else {
      stop("TableEncoding: the targets are classes; read the file with classified(csv:)")
    }
    let table = try table(path)
    return rows(
      of: table, Array(0..<table.rowCount), targets: encoded(try table.targetNumbers()), shape: [1])
  }

  private func table(_ path: String) throws(DataError) -> CSVTable {
    try CSVTable(path: path, target: target, inputs: .exactly(features, ignoring: ignored))
  }

  /// What the numbers of a target become.
  func encoded(_ numbers: [Double]) -> [Float] {
    guard case .numbers(let mean, let deviation) = targets else { return [] }
    return numbers.map { Float(($0 - mean) / deviation) }
  }

  /// The chosen rows of a table whose columns are the features, with the targets of all its rows.
  func rows<Target: TensorElement>(
    of table: CSVTable, _ rows: [Int], targets: [Target], shape: Shape
  ) -> InMemoryDataset<Float, Target> {
    let columns = features.count
    return InMemoryDataset(
      inputs: rows.flatMap { row in
        standardization(table.values[row * columns..<(row + 1) * columns])
      },
      shape: [columns], targets: rows.map { targets[$0] }, targetShape: shape)
  }
}
