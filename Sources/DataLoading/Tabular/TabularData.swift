public import TensorCore

/// The rows of a CSV file, in a part to train on and one that is held out to test with.
///
/// ```swift
/// let flowers = try TabularData(csv: "iris.csv", classifying: "species", seed: 7)
/// let batches = DataLoader(flowers.train, batchSize: 16, shuffledBy: 7)
/// ```
///
/// The first line of the file names the columns. One column is the target; all others, less those
/// that are ignored, are numbers and make the inputs, `[columns]`. Rows are separated by LF or
/// CR LF, fields by commas, and a field may be in quotation marks (RFC 4180); empty lines are
/// skipped.
///
/// A number is missing where its cell is blank or `NA`. Inputs are standardised with the means and
/// deviations of the training part, and a missing one is put at the mean. Targets may not be
/// missing; they are standardised only where that is asked for.
public struct TabularData<Target: TensorElement>: Sendable {
  /// The rows to train on, in the order of the file.
  public let train: InMemoryDataset<Float, Target>
  /// The rows that are held out, in the order of the file.
  public let test: InMemoryDataset<Float, Target>
  /// How cells became numbers: what rows from elsewhere are to be read with.
  public let encoding: TableEncoding
  /// The names of the columns that are inputs, in the order of the file.
  public var features: [String] { encoding.features }
  /// The names of the classes; a label is a place in this list. Empty where targets are numbers.
  public var classes: [String] { encoding.classes }
  /// What was done to the inputs.
  public var standardization: Standardization { encoding.standardization }

  private init(
    _ table: CSVTable, _ parts: TableParts, _ encoding: TableEncoding, targets: [Target],
    shape: Shape
  ) {
    train = encoding.rows(of: table, parts.kept, targets: targets, shape: shape)
    test = encoding.rows(of: table, parts.heldOut, targets: targets, shape: shape)
    self.encoding = encoding
  }
}

/// The rows of a table in two parts, and what is fitted to the first.
private struct TableParts {
  let kept: [Int]
  let heldOut: [Int]
  let standardization: Standardization

  init(_ table: CSVTable, holdingOut fraction: Double, seed: UInt64) throws(DataError) {
    (kept, heldOut) = SampleOrder.split(count: table.rowCount, holdingOut: fraction, seed: seed)
    if kept.isEmpty || (fraction > 0 && heldOut.isEmpty) {
      throw .unusable(
        file: table.name, line: nil,
        problem: "of its \(table.rowCount) rows \(heldOut.count) would be held out",
        advice: "use more rows")
    }
    standardization = Standardization(table.values, columns: table.features.count, rows: kept)
    if let column = standardization.means.firstIndex(where: { $0.isNaN }) {
      throw .unusable(
        file: table.name, line: nil,
        problem: "column \(quoted(table.features[column].utf8)) has no value in the "
          + "\(kept.count) rows to train on",
        advice: "ignore the column")
    }
  }
}

extension TabularData where Target == Int32 {
  /// Reads a file whose target is a class, given by its name.
  ///
  /// Labels are the places of the classes in `classes`: in order of their value where all names are
  /// whole numbers, otherwise of their bytes.
  ///
  /// Throws a `DataError` if the file cannot be read, has a row of another length than the header,
  /// has a cell that is not what its column asks for, or fewer than two classes.
  ///
  /// - Parameters:
  ///   - column: the name of the target.
  ///   - ignored: the names of columns to leave out.
  ///   - fraction: how much of the rows is for testing, rounded to a whole number of rows.
  ///   - seed: determines, with the number of rows, which.
  public init(
    csv path: String, classifying column: String, ignoring ignored: Set<String> = [],
    holdingOut fraction: Double = 0.2, seed: UInt64 = 0
  ) throws(DataError) {
    let table = try CSVTable(path: path, target: column, inputs: .allBut(ignored))
    let classes = Self.sorted(Set(table.targets.map { String(decoding: $0, as: UTF8.self) }))
    if classes.count < 2 {
      throw .unusable(
        file: path, line: nil,
        problem: "column \(quoted(column.utf8)) is \(quoted(table.targets[0])) in all rows, "
          + "expected at least two classes",
        advice: "name another target")
    }
    let parts = try TableParts(table, holdingOut: fraction, seed: seed)
    let encoding = TableEncoding(
      target: column, targets: .classes(classes), features: table.features, ignoring: ignored,
      standardization: parts.standardization)
    self.init(
      table, parts, encoding, targets: try table.targetLabels(among: classes), shape: [])
  }

  private static func sorted(_ names: Set<String>) -> [String] {
    let byBytes = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let numbers = byBytes.compactMap { name in Int(name).map { (number: $0, name: name) } }
    return numbers.count == names.count
      ? numbers.sorted { ($0.number, $0.name) < ($1.number, $1.name) }.map(\.name) : byBytes
  }
}

extension TabularData where Target == Float {
  /// Reads a file whose target is a number, `[1]`.
  ///
  /// Throws a `DataError` if the file cannot be read, has a row of another length than the header,
  /// or has a cell that is not what its column asks for. The parameters are those of
  /// `init(csv:classifying:ignoring:holdingOut:seed:)`, and:
  ///
  /// - Parameter standardizes: whether targets, too, are brought to a mean of 0 and a deviation of 1
  ///   over the training part; `encoding` says what was done.
  public init(
    csv path: String, predicting column: String, ignoring ignored: Set<String> = [],
    holdingOut fraction: Double = 0.2, seed: UInt64 = 0,
    standardizingTarget standardizes: Bool = false
  ) throws(DataError) {
    let table = try CSVTable(path: path, target: column, inputs: .allBut(ignored))
    let numbers = try table.targetNumbers()
    let parts = try TableParts(table, holdingOut: fraction, seed: seed)
    let fitted = Standardization(numbers, columns: 1, rows: parts.kept)
    let encoding = TableEncoding(
      target: column,
      targets: standardizes
        ? .numbers(mean: fitted.means[0], deviation: fitted.deviations[0])
        : .numbers(mean: 0, deviation: 1),
      features: table.features, ignoring: ignored, standardization: parts.standardization)
    self.init(table, parts, encoding, targets: encoding.encoded(numbers), shape: [1])
  }
}
