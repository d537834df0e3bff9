/// A CSV file with a header, one of its columns set apart as the target.
struct CSVTable {
  /// The file.
  let name: String
  /// The names of the columns other than the target, in the order of the file.
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
  init(path: String, target: String, ignoring ignored: Set<String>) throws(DataError) {
    name = path
    let bytes = try readFile(path: path, advice: "check the path of the CSV file")
    var reader = try CSVReader(bytes, name: path)
    guard let header = try reader.next() else {
      throw .malformed(file: path, problem: "it is empty, expected a line with column names")
    }
    let columns = header.map { String(decoding: $0, as: UTF8.self) }
    let targetColumn = try Self.requireColumns(columns, target, ignored, in: path, reader.line)
    let kept = columns.indices.filter { $0 != targetColumn && !ignored.contains(columns[$0]) }
    features = kept.map { columns[$0] }
    if features.isEmpty {
      throw .unusable(
        file: path, line: reader.line,
        problem: "there is no column besides the target to learn from",
        advice: "ignore fewer columns")
    }
    while let row = try reader.next() {
      try append(row, columns: columns, kept: kept, targetColumn: targetColumn, line: reader.line)
    }
    if targets.isEmpty {
      throw .malformed(file: path, problem: "it has no row after the line with column names")
    }
  }

  /// The position of the target. Throws unless it and all ignored columns are there once.
  private static func requireColumns(
    _ columns: [String], _ target: String, _ ignored: Set<String>, in file: String, _ line: Int
  ) throws(DataError) -> Int {
    func unusable(_ problem: String, _ advice: String) -> DataError {
      .unusable(file: file, line: line, problem: problem, advice: advice)
    }
    var seen: Set<String> = []
    for column in columns where !seen.insert(column).inserted {
      throw unusable(
        "there are two columns \(quoted(column.utf8))", "give every column a name of its own")
    }
    for wanted in [target] + ignored.sorted() where !seen.contains(wanted) {
      let names = columns.map { quoted($0.utf8) }.joined(separator: ", ")
      throw unusable(
        "there is no column \(quoted(wanted.utf8)) among \(names)", "name one of these")
    }
    if ignored.contains(target) {
      throw unusable("the target \(quoted(target.utf8)) is to be ignored", "ignore other columns")
    }
    return columns.firstIndex(of: target) ?? 0
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
          expected: "a finite number, or nothing or NA where it is missing")
      }
      values.append(value)
    }
    if Self.isMissing(row[targetColumn]) {
      throw wrongCell(row[targetColumn], columns[targetColumn], line, expected: "a target")
    }
    targets.append(row[targetColumn])
    lines.append(line)
  }

  /// What is wrong with a cell.
  func wrongCell(
    _ cell: ArraySlice<UInt8>, _ column: String, _ line: Int, expected: String
  ) -> DataError {
    .unusable(
      file: name, line: line,
      problem: "column \(quoted(column.utf8)) is \(quoted(cell)), expected \(expected)",
      advice: CSVReader.advice)
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
