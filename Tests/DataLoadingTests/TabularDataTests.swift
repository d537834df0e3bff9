import DataLoading
import Diagnostics
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct TabularDataTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func file(_ content: String) throws -> String {
    try directory.write(Array(content.utf8), to: "data.csv")
  }

  /// Row 2 of 5 is held out with seed 0, by an independent implementation in Python.
  @Test func inputsAreStandardizedByTheTrainingPart() throws {
    let path = try file("a,b,kind\n1,10,x\n3,10,y\n100,50,x\n5,NA,y\n7,10,x\n")
    let data = try TabularData(csv: path, classifying: "kind")
    #expect(data.features == ["a", "b"])
    #expect(data.classes == ["x", "y"])
    #expect(data.standardization.means == [4, 10])
    let (inputs, labels) = data.train.batch(0..<4)
    #expect(inputs.shape == [4, 2])
    let root = (5 as Double).squareRoot()
    #expect(data.standardization.deviations == [root, 1])
    let scaled: [Double] = [-3 / root, 0, -1 / root, 0, 1 / root, 0, 3 / root, 0]
    #expect(inputs.floats == scaled.map { Float($0) })
    #expect(labels.array(of: Int32.self) == [0, 1, 1, 0])
    let (heldOut, heldOutLabels) = data.test.batch(0..<1)
    #expect(data.test.count == 1)
    #expect(heldOut.floats == [Float(96 / root), 40])
    #expect(heldOutLabels.array(of: Int32.self) == [0])
    #expect(data.standardization([100, .nan]) == [Float(96 / root), 0])
  }

  @Test func targetsMayBeNumbers() throws {
    let path = try file("price,size,id\n-1.5,2,a\n2e3,4,b\n+.25,2,c\n0,4,d\n")
    let data = try TabularData(csv: path, predicting: "price", ignoring: ["id"], holdingOut: 0)
    #expect(data.features == ["size"])
    #expect(data.classes.isEmpty)
    let (inputs, targets) = data.train.batch(0..<4)
    #expect(inputs.floats == [-1, 1, -1, 1])
    #expect(targets.shape == [4, 1])
    #expect(targets.floats == [-1.5, 2000, 0.25, 0])
    #expect(data.test.count == 0)
  }

  @Test func quotedFieldsCRLFAndByteOrderMarksAreUnderstood() throws {
    let path = try file(
      "\u{FEFF}\"a, or \"\"b\"\"\",c\r\n\r\n\"1\",\"one,\r\ntwo\"\r\n 2\t,\"\"\"\"\r\n3,\"\"\"\"")
    let data = try TabularData(csv: path, classifying: "c", holdingOut: 0)
    #expect(data.features == ["a, or \"b\""])
    #expect(data.classes == ["\"", "one,\r\ntwo"])
    #expect(data.standardization.means == [2])
    #expect(data.train.batch(0..<3).1.array(of: Int32.self) == [1, 0, 0])
  }

  @Test func classesThatAreNumbersAreInTheirOrder() throws {
    let rows = ["10", "9", "-1", "2"].map { "0,\($0)\n" }.joined()
    let numbers = try TabularData(csv: file("a,c\n" + rows), classifying: "c")
    #expect(numbers.classes == ["-1", "2", "9", "10"])
    let names = try TabularData(csv: file("a,c\n" + rows + "0,b\n0,B\n"), classifying: "c")
    #expect(names.classes == ["-1", "10", "2", "9", "B", "b"])
  }

  @Test func seedChoosesTheHeldOutFifth() throws {
    let path = try file("a,y\n" + (0..<50).map { "\($0),\($0)\n" }.joined())
    func heldOut(_ seed: UInt64) throws -> [Float] {
      let data = try TabularData(csv: path, predicting: "y", seed: seed)
      #expect(data.test.count == 10)
      let test = data.test.batch(0..<10).1.floats
      #expect(Set(test + data.train.batch(0..<40).1.floats).count == 50)
      return test
    }
    #expect(try heldOut(1) == heldOut(1))
    #expect(try heldOut(1) != heldOut(2))
  }

  @Test func wrongFilesAreReported() throws {
    try expect(
      ": it is empty, expected a line with column names; name a file with a table",
      "\n\r\n")
    try expect(
      ": it has no row after the line with column names; name a file with rows",
      "a,y\n")
    try expect(
      ":1: there is no column 'y' among 'a', 'b'; name one of these", "a,b\n1,2\n")
    try expect(
      ":1: there are two columns 'a'; give every column a name of its own", "a,y,a\n1,2,3\n")
    try expect(
      ":1: there is no column besides the target to learn from; ignore fewer columns", "y\n1\n")
    try expect(":3: it is not text in UTF-8; convert the file", bytes: [97, 10, 10, 255, 10])
    try expect(
      ": column 'a' has no value in the 4 rows to train on; ignore the column",
      "a,y\n,1\n,2\n5,3\nNA,4\n ,5\n")
    try expect(
      ": of its 2 rows 0 would be held out; use more rows",
      "a,y\n1,2\n3,4\n")
  }

  @Test func wrongLinesAreReported() throws {
    try expect(
      ":3: the row has 3 fields, expected 2 as in the header; correct the file",
      "a,y\n1,2\n1,2,3\n")
    try expect(
      ":2: the row has 1 fields, expected 2 as in the header; correct the file", "a,y\n1\n")
    try expect(
      ":4: a quotation mark is opened here and never closed; correct the file",
      "a,y\n1,2\n\n3,\"4\n5,6\n")
    try expect(
      ":2: there is a quotation mark within field '1'; correct the file", "a,y\n1\"2\",3\n")
    try expect(
      ":3: text follows the closing quotation mark of field '1'; correct the file",
      "a,y\n0,0\n\"1\"2,3\n")
    try expect(
      ":2: a carriage return is not followed by a line feed; correct the file", "a,y\n1,2\r3,4\n")
  }

  @Test(arguments: ["x", "nan", "inf", "0x10", "1e39", "1,5 ", "1 2", "--1", "1e", "NaN", "\u{1}"])
  func wrongCellsAreReported(cell: String) throws {
    let shown = cell == "\u{1}" ? "\\u{01}" : cell
    try expect(
      ":4: column 'a' is '\(shown)', expected a finite number, or nothing or NA where it is "
        + "missing; correct the cell, or ignore the column if it does not hold numbers",
      "a,y\n1,2\n\n\"\(cell)\",3\n")
    try expect(
      ":2: column 'y' is '\(shown)', expected a finite number; correct the cell, or "
        + "predict classes if the column names some",
      "a,y\n1,\"\(cell)\"\n")
  }

  @Test func longCellsAreCut() throws {
    try expect(
      ":2: column 'a' is '\(String(repeating: "é", count: 40))…', expected a finite number, or "
        + "nothing or NA where it is missing; correct the cell, or ignore the column if it does "
        + "not hold numbers",
      "a,y\n\(String(repeating: "é", count: 41)),3\n")
  }

  @Test func missingTargetsAreReported() throws {
    for cell in ["", " ", "NA"] {
      try expect(
        ":2: column 'y' is '\(cell)', expected a target; fill the cell in or remove the row",
        "a,y\n1,\(cell)\n")
    }
  }

  @Test func wrongUsesAreReported() throws {
    let path = try file("a,y\n1,only\n2,only\n")
    func description(_ body: () throws -> Void) -> String? {
      let error = #expect(throws: DataError.self) { try body() }
      #expect(error?.exitCode == .badData)
      return error?.description
    }
    #expect(
      description { _ = try TabularData(csv: path, classifying: "y") }
        == "\(path): column 'y' is 'only' in all rows, expected at least two classes; "
        + "name another target")
    #expect(
      description { _ = try TabularData(csv: path, classifying: "y", ignoring: ["b"]) }
        == "\(path):1: there is no column 'b' among 'a', 'y'; name one of these")
    #expect(
      description { _ = try TabularData(csv: path, classifying: "y", ignoring: ["y"]) }
        == "\(path):1: the target 'y' is to be ignored; ignore other columns")
    let missing = #expect(throws: DataError.self) {
      try TabularData(csv: path + "x", predicting: "y")
    }
    #expect(
      missing?.description
        == "\(path)x: no such file or directory; check the path of the CSV file")
  }

  @Test func standardizationStopsAtAnotherWidth() async throws {
    let row = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let directory = try TemporaryDirectory()
      let path = try directory.write(Array("a,y\n1,2\n3,4\n5,6\n".utf8), to: "data.csv")
      _ = try TabularData(csv: path, predicting: "y").standardization([1, 2])
    }
    #expect(said(row, "Standardization: a row of 2 values does not fit 1 columns"))
  }

  private func expect(
    _ message: String, _ content: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    try expect(message, bytes: Array(content.utf8), at: location)
  }

  /// Reading numbers with the target `y` ends with this message after the path.
  private func expect(
    _ message: String, bytes: [UInt8], at location: SourceLocation = #_sourceLocation
  ) throws {
    let path = try directory.write(bytes, to: "data.csv")
    let error = #expect(throws: DataError.self, sourceLocation: location) {
      try TabularData(csv: path, predicting: "y")
    }
    #expect(error?.description == path + message, sourceLocation: location)
  }
}
