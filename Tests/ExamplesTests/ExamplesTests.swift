import Foundation
import Glibc
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

  private func run(_ name: String, _ arguments: [String] = [], ranks: Int = 1) throws -> [String] {
    let example =
      ranks == 1
      ? try runAlone(name, arguments, in: directory.path)
      : try mpirun(ranks: ranks, name, arguments, in: directory.path)
    #expect(example.status == 0, "\(example.errors)")
    #expect(example.errors == [])
    return example.output.split(separator: "\n").map(String.init)
  }

  /// The number after `label` in `line`.
  private func number(_ label: String, in line: String?) -> Double? {
    guard let line, let place = line.range(of: label) else { return nil }
    return Double(line[place.upperBound...].prefix { "-+.0123456789e".contains($0) })
  }

  @Test func tensors() throws {
    let text = try run("TensorsExample").joined(separator: "\n")
    #expect(text.contains("shape [2, 3] type float32"), "\(text)")
    #expect(text.contains("mean 2.6666"), "\(text)")
  }

  @Test func gradients() throws {
    let lines = try run("GradientsExample")
    #expect(lines.count == 5)
    #expect(abs((number("y = ", in: lines.last) ?? 0) - 2) < 0.1, "\(lines)")
    #expect(abs((number(" x + ", in: lines.last) ?? 0) + 1) < 0.05, "\(lines)")
  }

  @Test(arguments: [1, 2])
  func images(_ ranks: Int) throws {
    let lines = try run("ImagesExample", ranks: ranks)
    #expect(lines.count == 6)
    #expect((number("epoch 6: ", in: lines.last) ?? 0) > 340, "\(lines)")
  }

  @Test func sequences() throws {
    let lines = try run("SequencesExample")
    #expect(lines.count == 6)
    #expect((number("error ", in: lines.last) ?? 1) < 0.1, "\(lines)")
  }

  @Test(arguments: [1, 2])
  func characterGPT(_ ranks: Int) throws {
    let poem = String(repeating: "how now brown cow grazing in the green, green grass\n", count: 40)
    try directory.write(Array(poem.utf8), to: "poem.txt")
    let lines = try run("CharacterGPTExample", ["poem.txt", "60"], ranks: ranks)
    #expect((number("step 0: ", in: lines.first) ?? 0) > 2.5, "\(lines)")
    #expect((number("step 59: ", in: lines.dropFirst(2).first) ?? 9) < 1, "\(lines)")
  }

  /// Killed as often as it takes steps to get on, by SIGKILL, and started again.
  @Test(arguments: [1, 2])
  func surviveGoesOnAsTheSameRun(_ ranks: Int) throws {
    func start(_ run: String, until bytes: Int?) throws -> ProcessRun {
      var isKilled = false
      let kill = { (process: pid_t) in
        guard let bytes, !isKilled else { return }
        let lines = (try? self.directory.read("\(run)/metrics.jsonl"))?.count ?? 0
        if lines > bytes { isKilled = Glibc.kill(-process, SIGKILL) == 0 }
      }
      return ranks == 1
        ? try runAlone("SurviveExample", [run, "6"], in: directory.path, whileRunning: kill)
        : try mpirun(
          ranks: ranks, "SurviveExample", [run, "6"], in: directory.path, whileRunning: kill)
    }
    let undisturbed = try start("undisturbed", until: nil)
    #expect(undisturbed.status == 0, "\(undisturbed.errors)")
    // A line has some 40 bytes; checkpoints are 20 steps apart.
    for bytes in [600, 2000, 4000] {
      #expect(try start("killed", until: bytes).status == 128 + SIGKILL)
    }
    let last = try start("killed", until: nil)
    #expect(last.output == undisturbed.output)
    #expect(last.errors.contains { $0.hasPrefix("goes on from killed/checkpoints/step-") })
    let files = [
      "model.safetensors", "best.safetensors", "metrics.jsonl",
      "checkpoints/latest/optimizer.safetensors",
    ]
    for file in files {
      #expect(
        try directory.read("killed/\(file)") == directory.read("undisturbed/\(file)"), "\(file)")
    }
  }
}
