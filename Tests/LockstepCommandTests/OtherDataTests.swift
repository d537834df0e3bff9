import TestSupport
import Testing

/// `lockstep evaluate --data` reads other data as the run read its own.
@Suite(.serialized) struct OtherDataTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func write(_ lines: [String], to name: String) throws {
    try directory.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: name)
  }

  private func evaluate(_ options: String, ranks: Int = 1) throws -> ProcessRun {
    try lockstep("evaluate --run-dir run \(options)", ranks: ranks, in: directory)
  }

  /// Three groups of points on a line, around 0, 10 and 20.
  private func trainOnGroups() throws {
    let rows = (0..<150).map { i in
      "\(i),\(Double(i % 3) * 10 + Double(i % 7) / 10),\(["red", "green", "blue"][i % 3])"
    }
    try write(["id,x,kind"] + rows, to: "groups.csv")
    try succeeded(
      try lockstep(
        "train --data csv:groups.csv --target kind --ignore id --epochs 20 --quiet --run-dir run",
        in: directory))
  }

  /// 30 rows, 28 of them right, of another mean and with classes that begin with another: neither
  /// may be taken from this file.
  @Test(arguments: [1, 2])
  func aWholeOtherTableIsReadAsTheFirst(_ ranks: Int) throws {
    try trainOnGroups()
    let rows = (0..<30).map { i in
      "\(i < 2 ? "green" : i < 10 ? "red" : "blue"),\(i < 10 ? 0.3 : 20.3)"
    }
    try write(["kind,x"] + rows, to: "other.csv")
    let text = try succeeded(try evaluate("--data csv:other.csv", ranks: ranks))
    #expect(text.hasSuffix("  accuracy 93.33 %  (30 samples)\n"), "\(text)")
  }

  @Test func tablesThatDoNotFitAreRefused() throws {
    try trainOnGroups()
    let wrong = [
      (
        ["x,kind", "1,red", "2,violet"],
        "other.csv:3: column 'kind' is 'violet', expected one of the classes 'blue', 'green', 'red'"
      ),
      (["y,kind", "1,red"], "other.csv:1: column 'y' is not one of those that were learned from"),
      (["kind", "red"], "other.csv:1: there is no column 'x', which was learned from"),
      (["x,colour", "1,red"], "other.csv:1: there is no column 'kind' among 'x', 'colour'"),
    ]
    for (lines, cause) in wrong {
      try write(lines, to: "other.csv")
      expectFailure(try evaluate("--data csv:other.csv"), 65, cause)
    }
    expectFailure(
      try evaluate("--data digits"), 78,
      "--data digits is not what the run learned from; it takes csv:FILE")
  }

  /// The held-out fifth is that of the content: it goes with the file, and with a change it is lost.
  @Test func theRunsOwnTableIsKnownWhereverItLies() throws {
    try trainOnGroups()
    let own = try succeeded(try evaluate("--json"))
    #expect(own.contains("\"samples\":30}"))
    try directory.write(try directory.read("groups.csv"), to: "elsewhere/copy.csv")
    #expect(try succeeded(try evaluate("--json --data csv:elsewhere/copy.csv")) == own)
    let path = "\(directory.path)/run"
    let elsewhere = try runAlone(
      "lockstep", ["evaluate", "--run-dir", path, "--json"], in: "\(directory.path)/elsewhere")
    #expect(try succeeded(elsewhere) == own)

    let rows = try directory.read("groups.csv")
    try directory.write(rows + Array("150,20.1,blue\n".utf8), to: "groups.csv")
    expectFailure(
      try evaluate(""), 65,
      "\(directory.path)/groups.csv: the file is not what it was when the run learned from it")
    #expect(try succeeded(try evaluate("--data csv:groups.csv")).hasSuffix("(151 samples)\n"))
    directory.remove("groups.csv")
    expectFailure(try evaluate(""), 66, "say with --data where they are now")
  }

  /// Letters have the numbers of the run's text, though the other lacks its first letters: nearly
  /// as good as on its own, which it is a part of.
  @Test func anotherTextHasTheNumbersOfTheFirst() throws {
    let sentence = "abstract the quick brown fox jumps over the lazy dog. "
    try write([String(repeating: sentence, count: 60)], to: "fox.txt")
    try write(
      [String(repeating: "the quick fox jumps over the lazy dog. ", count: 20)], to: "o.txt")
    try succeeded(
      try lockstep(
        """
        train --model rnn --data text:fox.txt --steps 60 --global-batch 8 --warmup 5 --quiet \
        --run-dir run
        """, in: directory))
    func loss(_ options: String) throws -> Double {
      let line = try succeeded(try evaluate(options))
      return try #require(line.split(separator: " ").compactMap { Double($0) }.first)
    }
    let own = try loss("")
    #expect(own < 1)
    // Guessing among 29 has ln 29 = 3.4, wrong numbers more.
    #expect(try loss("--data text:o.txt") < own + 1)
    try write(["the Quick fox"], to: "o.txt")
    expectFailure(
      try evaluate("--data text:o.txt"), 65,
      "o.txt:1: the character 'Q' (U+0051) is not one of the 29 of the vocabulary")
  }

  /// Errors in the target's own unit: predicting the mean has a loss of its variance and an R² of 0.
  @Test(arguments: [1, 2])
  func numbersAreToldInTheirOwnUnit(_ ranks: Int) throws {
    let rows = (0..<200).map { i in "\(i % 20),\(Double(i % 20) * 20_000 + 300_000)" }
    try write(["x,price"] + rows, to: "prices.csv")
    try succeeded(
      try lockstep(
        "train --data csv:prices.csv --target price --loss mse --epochs 30 --quiet --run-dir run",
        ranks: ranks, in: directory))
    let metrics = try Metrics(of: "run", in: directory)
    let variance = 399.0 / 12 * 4e8
    let first = try #require(metrics.steps.first)
    #expect(first.loss > variance / 2 && first.loss < variance * 2, "\(first.loss)")
    let last = try #require(metrics.evaluations.last)
    #expect((last.r2 ?? 0) > 0.98, "\(last)")
    #expect(last.loss < variance / 50)
    let text = try succeeded(try evaluate("", ranks: ranks))
    #expect(text.contains("  R² "), "\(text)")

    // One row, 100,000 beside what is learned: a loss of about its square, and no variance.
    try write(["x,price", "10,600000"], to: "other.csv")
    let other = try succeeded(try evaluate("--json --data csv:other.csv"))
    struct Result: Decodable {
      let loss: Double
      let r2: Double?
    }
    let result: Result = try json(other)
    #expect(abs(result.loss.squareRoot() - 100_000) < 10_000, "\(other)")
    #expect(result.r2 == nil)
  }
}
