/// A CSV file with a header, one of its columns set apart as the target.
struct CSVTable {
  /// Which columns are inputs.
  enum Inputs {
    /// All columns but the target and these.
    case allBut(Set<String>)
    /// These, in this order; there may be no others but the target and those that are ignored.
    case exactly([String], ignoring: Set<String>)
  }

  /// The file.
  let name: String
  /// The name of the target.
  let target: String
  /// The names of the columns that are inputs.
  let features: [String]
  /// The values of these columns, row after row; NaN where one is missing.
  private(set) var values: [Double] = []
  /// The cells of the target column, none of them missing.
  private(set) var targets: [ArraySlice<UInt8>] = []
  /// The line that each row begins on.
  private(set) var lines: [Int] = []

  /// How many rows there are, at least one.
  var rowCount: Int { targets.count }

  /// Reads a file. Throws a `DataError` at the first line that is not as `TabularData` says.
  init(path: String, target: String, inputs: Inputs) throws(DataError) {
    name = path
    self.target = target
    let bytes = try readFile(path: path, advice: "check the path of the CSV file")
    var reader = try CSVReader(bytes, name: path)
    guard let header = try reader.next() else {
      throw .unusable(
        file: path, line: nil, problem: "it is empty, expected a line with column names",
        advice: "name a file with a table")
    }
    let columns = CSVHeader(header, file: path, line: reader.line)
    let targetColumn = try columns.column(of: target)
    let kept = try columns.inputs(inputs, target: target)
    features = kept.map { columns.names[$0] }
    while let row = try reader.next() {
      try append(
        row, columns: columns.names, kept: kept, targetColumn: targetColumn, line: reader.line)
    }
    if targets.isEmpty {
      throw .unusable(
        file: path, line: nil, problem: "it has no row after the line with column names",
        advice: "name a file with rows")
    }
  }

  private mutating func append(
    _ row: [ArraySlice<UInt8>], columns: [String], kept: [Int], targetColumn: Int, line: Int
  ) throws(DataError) {
    guard row.count == columns.count else {
      throw .unusable(
        file: name, line: line,
        problem: "the row has \(row.count) fields, expected \(columns.count) as in the header",
        advice: CSVReader.advice)
    }
    for column in kept {
      guard let value = Self.number(row[column], orMissing: .nan) else {
        throw wrongCell(
          row[column], columns[column], line,
          expected: "a finite number, or nothing or NA where it is missing",
          advice: "correct the cell, or ignore the column if it does not hold numbers")
      }
      values.append(value)
    }
    if Self.isMissing(row[targetColumn]) {
      throw wrongCell(
        row[targetColumn], target, line, expected: "a target",
        advice: "fill the cell in or remove the row")
    }
    targets.append(row[targetColumn])
    lines.append(line)
  }

  /// The numbers in the target's cells. Throws at the first cell that is none.
  func targetNumbers() throws(DataError) -> [Double] {
    var numbers: [Double] = []
    for (cell, line) in zip(targets, lines) {
      guard let value = Self.number(cell, orMissing: nil) else {
        throw wrongCell(
          cell, target, line, expected: "a finite number",
          advice: "correct the cell, or predict classes if the column names some")
      }
      numbers.append(value)
    }
    return numbers
  }

  /// The classes in the target's cells as their places in `classes`. Throws at the first cell that
  /// names another class.
  func targetLabels(among classes: [String]) throws(DataError) -> [Int32] {
    // Names that are equal to Swift, but not in their bytes, are one class in either spelling.
    let places = Dictionary(uniqueKeysWithValues: zip(classes, Int32(0)...))
    var labels: [Int32] = []
    for (cell, line) in zip(targets, lines) {
      guard let place = places[String(decoding: cell, as: UTF8.self)] else {
        throw wrongCell(
          cell, target, line, expected: "one of the classes \(quotedList(classes))",
          advice: "correct the cell or remove the row")
      }
      labels.append(place)
    }
    return labels
  }

  /// What is wrong with a cell.
  private func wrongCell(
    _ cell: ArraySlice<UInt8>, _ column: String, _ line: Int, expected: String, advice: String
  ) -> DataError {
    .unusable(
      file: name, line: line,
      problem: "column \(quoted(column.utf8)) is \(quoted(cell)), expected \(expected)",
      advice: advice)
  }

  /// Whether a cell has no value: nothing but blanks, or `NA`.
  private static func isMissing(_ cell: ArraySlice<UInt8>) -> Bool {
    let content = trimmed(cell)
    return content.isEmpty || content.elementsEqual("NA".utf8)
  }

  /// The decimal number in a cell, `missing` where there is no value, and nil where there is
  /// something else or a number beyond the range of Float.
  static func number(_ cell: ArraySlice<UInt8>, orMissing missing: Double?) -> Double? {
    if isMissing(cell) { return missing }
    let content = trimmed(cell)
    // Neither hexadecimal numbers nor `inf` and `nan`, which the standard library would take.
    let allowed = "0123456789+-.eE".utf8
    guard content.allSatisfy({ allowed.contains($0) }),
      let value = Double(String(decoding: content, as: UTF8.self)),
      abs(value) <= Double(Float.greatestFiniteMagnitude)
    else { return nil }
    return value
  }

  private static func trimmed(_ cell: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let blanks: [UInt8] = [UInt8(ascii: " "), UInt8(ascii: "\t")]
    let start = cell.drop { blanks.contains($0) }
    guard let last = start.lastIndex(where: { !blanks.contains($0) }) else { return [] }
    return start[...last]
  }
}
