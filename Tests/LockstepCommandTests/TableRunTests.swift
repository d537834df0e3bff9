import TestSupport
import Testing

/// Training on tables.
@Suite(.serialized) struct TableRunTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    // Points of a square; their class says which half they lie in, their height is linear.
    var rows = ["x,y,half,height"]
    for i in 0..<15 {
      for j in 0..<10 {
        let (x, y) = (Double(i) - 7.2, Double(j) - 4.4)
        rows.append("\(x),\(y),\(x > 0 ? "east" : "west"),\(2 * x - y + 1)")
      }
    }
    try directory.write(Array((rows.joined(separator: "\n") + "\n").utf8), to: "points.csv")
  }

  @Test(arguments: [1, 2])
  func classesAreLearned(_ ranks: Int) throws {
    let line = "train --data csv:points.csv --target half --ignore height --global-batch 16"
    try succeeded(try lockstep("\(line) --run-dir run", ranks: ranks, in: directory))
    let last = try #require(try Metrics(of: "run", in: directory).evaluations.last)
    #expect((last.accuracy ?? 0) >= 0.93)
    let text = try succeeded(try lockstep("evaluate --run-dir run", ranks: ranks, in: directory))
    #expect(text.hasSuffix(" %  (30 samples)\n"))
  }

  @Test(arguments: [1, 2])
  func numbersAreLearned(_ ranks: Int) throws {
    let line = "train --data csv:points.csv --target height --ignore half --loss mse --epochs 30"
    try succeeded(try lockstep("\(line) --run-dir run", ranks: ranks, in: directory))
    let metrics = try Metrics(of: "run", in: directory)
    // The variance of the target is about 82.
    #expect((metrics.evaluations.last?.loss ?? .infinity) < 1)
    #expect(metrics.evaluations.allSatisfy { $0.accuracy == nil && $0.r2 != nil })
  }

  @Test func mistakesAreNamed() throws {
    let line = "train --run-dir run --data csv:points.csv"
    expectFailure(
      try lockstep(line, in: directory), 78,
      "csv:points.csv needs --target COLUMN, what is to be predicted")
    expectFailure(try lockstep("\(line) --target depth", in: directory), 65, "depth")
    expectFailure(
      try lockstep("\(line) --target height --loss mse", in: directory), 65,
      "points.csv:2: column 'half' is 'west', expected a finite number, or nothing or NA where it is "
        + "missing; correct the cell, or ignore the column if it does not hold numbers")
    expectFailure(
      try lockstep("\(line) --model lenet --target half --ignore height", in: directory), 78,
      "--model lenet does not fit --data csv:points.csv: it needs images")
  }

  /// 38 heights, none of which many points have, are no classes; whoever wants them can say so.
  @Test func measurementsAreNotTakenForClasses() throws {
    let line = "train --data csv:points.csv --target height --ignore half --steps 1 --quiet"
    expectFailure(
      try lockstep("\(line) --run-dir run", in: directory), 78,
      "csv:points.csv: the target height has 38 different numbers; --loss mse predicts a number")
    #expect(directory.list() == ["points.csv"])
    try succeeded(try lockstep("\(line) --loss crossEntropy --run-dir run", in: directory))
  }

  /// As pandas writes an index: in a sorted file it would tell the class.
  @Test func aColumnWithoutANameCanBeIgnored() throws {
    let rows = (0..<40).map { "\($0),\($0 % 7),\($0 < 20 ? "a" : "b")" }
    try directory.write(Array(([",x,kind"] + rows).joined(separator: "\n").utf8), to: "index.csv")
    let words = ["train", "--data", "csv:index.csv", "--target", "kind", "--steps", "1"]
    let noted = try runAlone("lockstep", words + ["--run-dir", "noted"], in: directory.path)
    try succeeded(noted)
    #expect(noted.errors.contains { $0.hasPrefix("note: a column of index.csv has no name") })
    let ignored = try runAlone(
      "lockstep", words + ["--ignore", "", "--run-dir", "run"], in: directory.path)
    try succeeded(ignored)
    #expect(!ignored.errors.contains { $0.hasPrefix("note: ") })
    let record = String(decoding: try directory.read("run/run.json"), as: UTF8.self)
    #expect(record.contains("\"features\":[\"x\"]"))
    expectFailure(
      try runAlone(
        "lockstep", words + ["--ignore", "x,y", "--run-dir", "other"], in: directory.path),
      65, "there is no column 'y' among '', 'x', 'kind'")
  }
}
