import DataLoading
import Diagnostics
import TensorCore
import TestSupport
import Testing

/// Other tables are read as the first one was.
@Suite(.serialized) struct TableEncodingTests {
  private let directory: TemporaryDirectory
  private let first: TableEncoding

  init() throws {
    directory = try TemporaryDirectory()
    let path = try directory.write(
      Array("id,a,b,kind\n1,1,10,x\n2,3,10,z\n3,5,20,y\n4,7,20,x\n".utf8), to: "first.csv")
    first = try TabularData(
      csv: path, classifying: "kind", ignoring: ["id"], holdingOut: 0
    ).encoding
  }

  private func file(_ content: String) throws -> String {
    try directory.write(Array(content.utf8), to: "other.csv")
  }

  /// Means 4 and 15, deviations √5 and 5, classes x, y, z: none of them this file's own.
  @Test func columnsAreFoundByNameAndClassesKeepTheirNumbers() throws {
    let rows = try first.classified(csv: file("kind,b,a\nz,15,4\nz,,9\ny,25,4\n"))
    #expect(rows.count == 3)
    let (inputs, labels) = rows.batch(0..<3)
    #expect(inputs.floats == [0, 0, Float(5 / (5 as Double).squareRoot()), 0, 0, 2])
    #expect(labels.array(of: Int32.self) == [2, 2, 1])
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let wrong = [
      (
        "a,b,kind\n1,2,x\n1,2,w\n",
        ":3: column 'kind' is 'w', expected one of the classes 'x', 'y', 'z'; correct the cell or "
          + "remove the row"
      ),
      (
        "a,kind\n1,x\n",
        ":1: there is no column 'b', which was learned from; use a table with the columns 'a', 'b'"
      ),
      (
        "a,b,c,kind\n1,2,3,x\n",
        ":1: column 'c' is not one of those that were learned from, 'a', 'b'; leave it out of the "
          + "file"
      ),
      ("a,b,class\n1,2,x\n", ":1: there is no column 'kind' among 'a', 'b', 'class'; name one of"),
      ("a,a,b,kind\n1,1,2,x\n", ":1: there are two columns 'a'; give every column a name"),
      ("a,b,kind\n1,two,x\n", ":2: column 'b' is 'two', expected a finite number"),
      ("a,b,kind\n", ": it has no row after the line with column names"),
    ]
    for (content, message) in wrong {
      let path = try file(content)
      let error = #expect(throws: DataError.self) { try first.classified(csv: path) }
      #expect(error?.description.hasPrefix(path + message) == true, "\(error?.description ?? "")")
      #expect(error?.exitCode == .badData)
    }
    #expect(try first.classified(csv: file("id,b,a,kind\n?,1,2,x\n")).count == 1)
  }

  /// Held-out rows do not take part in the mean and the deviation: 30 ± 10 of 20, 20, 40, 40.
  @Test func targetsAreStandardizedOnDemand() throws {
    let path = try file("a,y\n1,20\n2,20\n3,1000\n4,40\n5,40\n")
    let data = try TabularData(csv: path, predicting: "y", standardizingTarget: true)
    #expect(data.encoding.targets == .numbers(mean: 30, deviation: 10))
    #expect(data.train.batch(0..<4).1.floats == [-1, -1, 1, 1])
    #expect(data.test.batch(0..<1).1.floats == [97])
    let more = try data.encoding.measured(csv: file("y,a\n35,1\n"))
    #expect(more.batch(0..<1).1.floats == [0.5])
    let plain = try TabularData(csv: file("a,y\n1,20\n2,20\n3,9\n4,4\n5,4\n"), predicting: "y")
    #expect(plain.encoding.targets == .numbers(mean: 0, deviation: 1))
  }

  @Test func longListsAreCut() throws {
    let names = (0..<1000).map { "c\($0)" }.joined(separator: ",")
    let path = try file("\(names)\n")
    let error = #expect(throws: DataError.self) { try TabularData(csv: path, predicting: "y") }
    #expect(error?.description.hasSuffix("'c8', 'c9', and 990 more; name one of these") == true)
  }

  @Test func nonsenseStops() async {
    let width = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TableEncoding(
        target: "y", targets: .classes(["a", "b"]), features: ["x"],
        standardization: Standardization(means: [], deviations: []))
    }
    #expect(said(width, "TableEncoding: 1 features, but a standardisation of 0 columns"))
    let deviation = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TableEncoding(
        target: "y", targets: .numbers(mean: 0, deviation: 0), features: ["x"],
        standardization: Standardization(means: [0], deviations: [1]))
    }
    #expect(said(deviation, "deviations finite and positive"))
  }
}
