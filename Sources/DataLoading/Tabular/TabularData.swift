public import TensorCore

/// The rows of a CSV file, in a part to train on and one that is held out to test with.
///
///     let flowers = try TabularData(csv: "iris.csv", classifying: "species", seed: 7)
///     let batches = DataLoader(flowers.train, batchSize: 16, shuffledBy: 7)
///
/// The first line of the file names the columns. One column is the target; all others, less those
/// that are ignored, are numbers and make the inputs, `[columns]`. Rows are separated by LF or
/// CR LF, fields by commas, and a field may be in quotation marks (RFC 4180); empty lines are
/// skipped.
///
/// A number is missing where its cell is blank or `NA`. Inputs are standardised with the means and
/// deviations of the training part, and a missing one is put at the mean. Targets may not be
/// missing; they are not standardised.
public struct TabularData<Target: TensorElement>: Sendable {
  /// The rows to train on, in the order of the file.
  public let train: InMemoryDataset<Float, Target>
  /// The rows that are held out, in the order of the file.
  public let test: InMemoryDataset<Float, Target>
  /// The names of the columns that are inputs, in the order of the file.
  public let features: [String]
  /// The names of the classes; a label is a place in this list. Empty where targets are numbers.
  public let classes: [String]
  /// What was done to the inputs, for rows from elsewhere.
  public let standardization: Standardization

  private init(
    _ table: CSVTable, targets: [Target], targetShape: Shape, classes: [String],
    holdingOut fraction: Double, seed: UInt64
  ) throws(DataError) {
    let rows = SampleOrder.split(count: table.rowCount, holdingOut: fraction, seed: seed)
    let columns = table.features.count
    if rows.kept.isEmpty || (fraction > 0 && rows.heldOut.isEmpty) {
      throw .unusable(
        file: table.name, line: nil,
        problem: "of its \(table.rowCount) rows \(rows.heldOut.count) would be held out",
        advice: "use more rows or hold out another part of them")
    }
    let standardization = Standardization(table.values, columns: columns, rows: rows.kept)
    if let column = standardization.means.firstIndex(where: { $0.isNaN }) {
      throw .unusable(
        file: table.name, line: nil,
        problem: "column \(quoted(table.features[column].utf8)) has no value in the "
          + "\(rows.kept.count) rows to train on",
        advice: "ignore the column")
    }
    func part(_ rows: [Int]) -> InMemoryDataset<Float, Target> {
      InMemoryDataset(
        inputs: rows.flatMap { row in
          standardization(table.values[row * columns..<(row + 1) * columns])
        },
        shape: [columns], targets: rows.map { targets[$0] }, targetShape: targetShape)
    }
    train = part(rows.kept)
    test = part(rows.heldOut)
    features = table.features
    self.classes = classes
    self.standardization = standardization
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
    let table = try CSVTable(path: path, target: column, ignoring: ignored)
    let names = Set(table.targets.map { String(decoding: $0, as: UTF8.self) })
    // Names that are equal to Swift, but not in their bytes, are one class in either spelling.
    let classes = Self.sorted(names)
    if classes.count < 2 {
      throw .unusable(
        file: path, line: nil,
        problem: "column \(quoted(column.utf8)) is \(quoted(table.targets[0])) in all rows, "
          + "expected at least two classes",
        advice: "name another target")
    }
    let places = Dictionary(uniqueKeysWithValues: zip(classes, Int32(0)...))
    let labels = table.targets.map { places[String(decoding: $0, as: UTF8.self)] ?? 0 }
    try self.init(
      table, targets: labels, targetShape: [], classes: classes, holdingOut: fraction, seed: seed)
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
  /// `init(csv:classifying:ignoring:holdingOut:seed:)`.
  public init(
    csv path: String, predicting column: String, ignoring ignored: Set<String> = [],
    holdingOut fraction: Double = 0.2, seed: UInt64 = 0
  ) throws(DataError) {
    let table = try CSVTable(path: path, target: column, ignoring: ignored)
    var targets: [Float] = []
    for (cell, line) in zip(table.targets, table.lines) {
      guard let value = CSVTable.number(cell, orMissing: nil) else {
        throw table.wrongCell(cell, column, line, expected: "a finite number")
      }
      targets.append(Float(value))
    }
    try self.init(
      table, targets: targets, targetShape: [1], classes: [], holdingOut: fraction, seed: seed)
  }
}
