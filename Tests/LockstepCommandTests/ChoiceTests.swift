import TestSupport
import Testing

/// `generate --top-k`: among how many characters the next one is chosen.
@Suite(.serialized) struct ChoiceTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    // Seven characters, of which a little training makes none certain.
    try directory.write(
      Array(String(repeating: "abcdefg gfabdce ", count: 60).utf8), to: "letters.txt")
    try succeeded(
      try lockstep(
        "train --model rnn --data text:letters.txt --steps 2 --global-batch 4 --quiet --run-dir run",
        in: directory))
  }

  private func text(_ options: String) throws -> String {
    try succeeded(
      try lockstep("generate --run-dir run --prompt a --length 60 \(options)", in: directory))
  }

  /// The likeliest alone, however hot: what temperature 0 takes.
  @Test func oneIsTheLikeliest() throws {
    let likeliest = try text("--temperature 0")
    #expect(try text("--top-k 1 --temperature 5 --seed 1") == likeliest)
    #expect(try text("--top-k 1 --temperature 0.1 --seed 2") == likeliest)
    #expect(try text("--temperature 5 --seed 1") != likeliest)
  }

  /// Hot enough for all to be as likely, as many characters as asked for may follow the first.
  @Test(arguments: [2, 3])
  func noMoreThanAskedForFollow(_ count: Int) throws {
    let first = try (0..<40).map { seed in
      try text("--top-k \(count) --temperature 1000 --length 1 --seed \(seed)").dropFirst().first
    }
    #expect(Set(first).count == count, "\(first)")
  }

  @Test func moreThanThereAreAreAll() throws {
    let all = try text("--temperature 1 --seed 3")
    for count in [8, 1000] { #expect(try text("--top-k \(count) --temperature 1 --seed 3") == all) }
    expectFailure(
      try lockstep("generate --run-dir run --top-k 0", in: directory), 64,
      "--top-k is 0; it must be from 1 to 1000000000")
  }
}
