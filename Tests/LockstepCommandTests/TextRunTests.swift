import TestSupport
import Testing

/// Training on a text and writing more of it.
@Suite(.serialized) struct TextRunTests {
  private let directory: TemporaryDirectory
  private let sentence = "the quick brown fox jumps over the lazy dog.\n"

  init() throws {
    directory = try TemporaryDirectory()
    try directory.write(
      Array(String(repeating: sentence, count: 60).utf8), to: "fox.txt")
  }

  /// 28 characters: guessing has a loss of ln 28 = 3.3; one who knows the sentence, next to none.
  @Test(
    arguments: [("gpt", 1), ("rnn", 1), ("lstm", 1), ("gpt", 2)].map { ($0.0, $0.1, "float32") }
      + [("gpt", 2, "float16"), ("lstm", 1, "float16")])
  func textIsLearned(_ model: String, _ ranks: Int, _ precision: String) throws {
    let training = try lockstep(
      """
      train --model \(model) --data text:fox.txt --steps 60 --warmup 5 --global-batch 8 \
      --evaluate-every 30 --precision \(precision) --run-dir run
      """, ranks: ranks, in: directory)
    try succeeded(training)
    let metrics = try Metrics(of: "run", in: directory)
    #expect(metrics.steps.count == 60)
    #expect(abs((metrics.steps.first?.loss ?? 0) - 3.33) < 0.3)
    #expect(metrics.evaluations.map(\.step) == [30, 60])
    #expect(metrics.evaluations.allSatisfy { $0.split == "validation" && $0.accuracy == nil })
    let loss = metrics.evaluations.last?.loss ?? .infinity
    #expect(loss < 0.8)

    let evaluation = try lockstep("evaluate --run-dir run", ranks: ranks, in: directory)
    #expect(try succeeded(evaluation).hasPrefix("validation loss 0."))
    let line = "generate --run-dir run --prompt the --length 40 --temperature 0.5 --seed 3"
    let text = try succeeded(try lockstep(line, in: directory))
    #expect(text.hasPrefix("the"))
    #expect(text.count == 3 + 40 + 1)
    #expect(text.contains(" quick ") || text.contains(" lazy "), "\(text)")
    #expect(try succeeded(try lockstep(line, in: directory)) == text)
  }

  /// What is written begins at the beginning of a line, where the text has lines.
  @Test func aPromptMayBeLeftOut() throws {
    try directory.write(
      Array(String(repeating: "abc ", count: 700).utf8), to: "one-line.txt")
    for (file, beginning) in [("fox", "\n"), ("one-line", " ")] {
      try succeeded(
        try lockstep(
          "train --model rnn --data text:\(file).txt --steps 1 --quiet --run-dir \(file)",
          in: directory))
      let text = try succeeded(try lockstep("generate --run-dir \(file) --length 5", in: directory))
      #expect(text.hasPrefix(beginning) && text.count == 1 + 5 + 1, "\(text)")
    }
  }

  @Test func mistakesAreNamed() throws {
    let train = "train --run-dir run --steps 1"
    expectFailure(
      try lockstep("\(train) --model gpt", in: directory), 78,
      "--model gpt does not fit --data digits: it reads text only (--data text:FILE)")
    expectFailure(
      try lockstep("\(train) --data text:fox.txt", in: directory), 78,
      "--model mlp does not fit --data text:fox.txt: it does not read text; take gpt, rnn or lstm")
    expectFailure(
      try lockstep("\(train) --model gpt --data text:hare.txt", in: directory), 66, "hare.txt")
    try directory.write(Array("too short".utf8), to: "short.txt")
    expectFailure(
      try lockstep("\(train) --model gpt --data text:short.txt", in: directory), 65, "short.txt")
    #expect(directory.list("run") == [])
    try succeeded(try lockstep("\(train) --model gpt --data text:fox.txt --quiet", in: directory))
    expectFailure(
      try lockstep("generate --run-dir run --prompt 5", in: directory), 65, "'5'")
    try succeeded(try lockstep("train --steps 1 --quiet --run-dir digits", in: directory))
    expectFailure(
      try lockstep("generate --run-dir digits", in: directory), 65,
      "digits/run.json: the run's model is mlp, which does not write text; name a run of gpt, rnn or"
    )
  }
}
