import Foundation
import TestSupport
import Testing

/// The example programs, as a reader runs them.
@Suite(.serialized) struct ExamplesTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [1, 2])
  func trainDigits(_ ranks: Int) throws {
    let name = "TrainDigitsExample"
    let example =
      ranks == 1
      ? try runAlone(name, [], in: directory.path)
      : try mpirun(ranks: ranks, name, [], in: directory.path)
    #expect(example.status == 0, "\(example.errors)")
    #expect(example.errors == [])

    let lines = example.output.split(separator: "\n")
    let losses = lines.enumerated().compactMap { index, line in
      let start = "epoch \(index + 1): loss of the last batch "
      return line.hasPrefix(start) ? Double(line.dropFirst(start.count)) : nil
    }
    #expect(lines.count == 10)
    #expect(losses.count == 10, "\(lines)")
    #expect(losses.last.map { $0 < 0.2 } == true, "\(losses)")
    #expect(directory.list() == ["digits.safetensors"])
    // 64-128-64-10 with biases, after the header, whose length comes first.
    let file = try directory.read("digits.safetensors")
    let header = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(file.count == 8 + header + 4 * (64 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10))
  }
}
