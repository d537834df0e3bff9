import TestSupport
import Testing

/// Inputs that are nearly right end in a result or an error: no trap, no hang, no more than 64 MB.
///
/// Which inputs these are is the same in every run. Many more are read by hand, see `Docs/testing.md`.
@Suite(.serialized) struct ReaderFuzzTests {
  @Test(arguments: [
    ("json", 100_000), ("header", 100_000), ("safetensors", 50_000), ("run", 4000),
    ("csv", 20_000), ("text", 2000), ("tokens", 30_000), ("idx", 100_000), ("gz", 100_000),
    ("compressed-idx", 20_000), ("manifest", 50_000), ("state", 30_000),
  ]) func everyInputIsReadOrRefused(reader: String, inputs: Int) throws {
    let run = try runAlone("ReaderFuzz", [reader, "--inputs", "\(inputs)"])
    let text = try succeeded(run)
    // Both happen, or the inputs would be no good.
    let counts = text.split(separator: " ").compactMap { Int($0) }
    try #require(counts.count == 4 && counts[0] == inputs, "\(text)")
    #expect(counts[1] > 0 && counts[2] > inputs / 10 && counts[1] + counts[2] == inputs, "\(text)")
  }

  /// What is found can be found again.
  @Test func inputsFollowFromTheirNumbers() throws {
    let whole = try succeeded(try runAlone("ReaderFuzz", ["header", "--inputs", "3000"]))
    let parts = try [0, 1000, 2000].map { first in
      try succeeded(
        try runAlone("ReaderFuzz", ["header", "--from", "\(first)", "--inputs", "1000"]))
    }
    func sound(_ text: String) -> Int? {
      text.split(separator: " ").compactMap { Int($0) }.dropFirst().first
    }
    #expect(sound(whole) == parts.compactMap(sound).reduce(0, +))
  }
}
