import TestSupport
import Testing

/// `--micro-batches` and `--reproducible`.
@Suite(.serialized) struct ReproducibleTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func weights(_ options: String, ranks: Int, run: String) throws -> [UInt8] {
    try succeeded(
      try lockstep("train \(options) --quiet --run-dir \(run)", ranks: ranks, in: directory))
    return try directory.read("\(run)/model.safetensors")
  }

  /// 1,442 samples leave a last batch of 34, of which some micro-batches have more than others.
  @Test func bytesDoNotDependOnTheRanks() throws {
    let options = "--epochs 2 --reproducible --micro-batches 5 --clip-norm 0.5"
    let alone = try weights(options, ranks: 1, run: "alone")
    for ranks in 2...4 {
      let isSame = try weights(options, ranks: ranks, run: "with\(ranks)") == alone
      #expect(isSame, "\(ranks) ranks")
    }
    let isOther =
      try weights(
        options.replacing("batches 5", with: "batches 4"), ranks: 1, run: "other") != alone
    #expect(isOther, "another order of sums should show")
  }

  /// Micro-batches cut a batch, and leave its mean what it was.
  @Test(arguments: [(1, 4), (2, 3), (2, 7)])
  func microBatchesMakeTheSameSteps(_ ranks: Int, _ count: Int) throws {
    _ = try weights("--steps 30", ranks: 1, run: "whole")
    _ = try weights("--steps 30 --micro-batches \(count)", ranks: ranks, run: "cut")
    let whole = try Metrics(of: "whole", in: directory).steps
    let cut = try Metrics(of: "cut", in: directory).steps
    #expect(cut.count == 30)
    for (one, other) in matched(whole, cut) {
      #expect(abs(one.loss - other.loss) <= 1e-4 * one.loss, "step \(one.step)")
    }
  }
}
