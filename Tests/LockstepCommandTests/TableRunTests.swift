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
    #expect(metrics.evaluations.allSatisfy { $0.accuracy == nil })
  }

  @Test func mistakesAreNamed() throws {
    let line = "train --run-dir run --data csv:points.csv"
    expectFailure(
      try lockstep(line, in: directory), 78,
      "csv:points.csv needs --target COLUMN, what is to be predicted")
    expectFailure(try lockstep("\(line) --target depth", in: directory), 65, "depth")
    expectFailure(
      try lockstep("\(line) --target height", in: directory), 65, "points.csv:2: column 'half'")
    expectFailure(
      try lockstep("\(line) --model lenet --target half --ignore height", in: directory), 78,
      "--model lenet does not fit --data csv:points.csv: it needs images")
  }
}
