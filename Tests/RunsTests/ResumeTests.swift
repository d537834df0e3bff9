import Lockstep
import TestSupport
import Testing

/// A run that was interrupted goes on as the same run, bit for bit.
struct ResumeTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let settings = [
    Setting(name: "one rank"),
    Setting(name: "two ranks", ranks: 2),
    Setting(name: "three ranks", ranks: 3),
    Setting(name: "accumulation", ranks: 2, microBatches: 4),
    Setting(name: "more ranks than micro-batches", ranks: 3, microBatches: 2),
    Setting(name: "float16 with a scaler", precision: .float16),
    Setting(
      name: "float16 on two ranks, state shared out", ranks: 2, precision: .float16, sharded: true),
    Setting(
      name: "bfloat16, three ranks, state shared out", ranks: 3, precision: .bfloat16, sharded: true
    ),
    Setting(name: "reproducible", ranks: 2, reproducible: true, microBatches: 4),
    Setting(name: "saved at every step", ranks: 2, saving: .every(steps: 1)),
  ]

  /// Interrupted three times: in the first epoch, at the end of the third, and in the middle.
  @Test(arguments: settings) func whatGoesOnIsTheSameRun(_ setting: Setting) {
    let undisturbed = train(setting, in: directory.path + "/undisturbed")
    let path = directory.path + "/interrupted"
    for step in [3, 12, 17] { _ = train(setting, in: path, stopAfter: step) }
    #expect(train(setting, in: path) == undisturbed)
    // Every step and evaluation has one line: 22 steps, 4 evaluations within epochs and 6 after them.
    #expect(undisturbed.metrics.split(separator: "\n").count == 32)
  }

  /// Saved by two ranks, taken up by others.
  @Test(arguments: [1, 3, 5]) func reproducibleRunsGoOnAtAnyNumberOfRanks(_ ranks: Int) {
    var setting = Setting(
      name: "", ranks: 2, reproducible: true, microBatches: 4, sharded: true)
    let undisturbed = train(setting, in: directory.path + "/undisturbed")
    let path = directory.path + "/interrupted"
    _ = train(setting, in: path, stopAfter: 9)
    setting.ranks = ranks
    _ = train(setting, in: path, stopAfter: 14)
    setting.ranks = 2
    #expect(train(setting, in: path) == undisturbed)
  }

  /// Without reproducible sums other ranks give the same but for rounding.
  @Test func othersGoOnAtAnotherNumberOfRanks() {
    var setting = Setting(name: "", ranks: 2)
    _ = train(setting, in: directory.path, stopAfter: 9)
    setting.ranks = 3
    #expect(train(setting, in: directory.path).metrics.split(separator: "\n").count == 32)
  }

  @Test func aRunThatHasEndedIsLeftAsItIs() {
    let setting = Setting(name: "")
    let first = train(setting, in: directory.path)
    let files = directory.list("checkpoints")
    #expect(train(setting, in: directory.path).weights == first.weights)
    #expect(directory.list("checkpoints") == files)
  }

  @Test func aRunGetsLonger() {
    var setting = Setting(name: "")
    let whole = train(setting, in: directory.path + "/whole")
    setting.steps = 12
    let path = directory.path + "/parts"
    _ = train(setting, in: path)
    setting.steps = 22
    #expect(train(setting, in: path) == whole)
  }
}
