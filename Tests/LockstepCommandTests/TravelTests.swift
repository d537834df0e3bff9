import TestSupport
import Testing

/// `--wire`, `--overlap` and `--shard-optimizer`: how gradients and the optimiser's state travel.
/// `HostAloneTests` has the same between hosts.
@Suite(.serialized) struct TravelTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The weights of a run of 30 steps.
  private func weights(_ options: String, ranks: Int, run: String) throws -> [UInt8] {
    try succeeded(
      try lockstep(
        "train --steps 30 --quiet --threads 1 --run-dir \(run) \(options)", ranks: ranks,
        in: directory))
    return try directory.read("\(run)/model.safetensors")
  }

  /// On one rank nothing travels; on several, rounding it leaves the losses what they are but for
  /// some ten-thousandths.
  @Test(arguments: [("float16", 5e-3), ("bfloat16", 2e-2)])
  func aNarrowWireRoundsWhatTravels(_ wire: String, _ tolerance: Double) throws {
    let alone = try weights("", ranks: 1, run: "alone")
    #expect(try weights("--wire \(wire)", ranks: 1, run: "alone-narrow") == alone)
    let plain = try weights("", ranks: 2, run: "plain")
    #expect(try weights("--wire float32", ranks: 2, run: "wide") == plain)
    #expect(try weights("--wire \(wire)", ranks: 2, run: "narrow") != plain)
    let (wide, narrow) = (
      try Metrics(of: "wide", in: directory).steps, try Metrics(of: "narrow", in: directory).steps
    )
    #expect(narrow.count == 30)
    for (one, other) in matched(wide, narrow) {
      #expect(abs(one.loss - other.loss) <= tolerance * one.loss, "step \(one.step)")
    }
  }

  @Test(arguments: ["on", "off", "auto"])
  func overlapChangesNoBit(_ overlap: String) throws {
    let plain = try weights("", ranks: 2, run: "plain")
    #expect(try weights("--overlap \(overlap)", ranks: 2, run: overlap) == plain)
  }

  @Test(arguments: [("adamw", 2), ("sgd", 2), ("adam", 3)])
  func partsOfTheStateGiveTheSameBits(_ optimizer: String, _ ranks: Int) throws {
    let options = "--optimizer \(optimizer) --clip-norm 1"
    let whole = try weights(options, ranks: ranks, run: "whole")
    #expect(try weights("\(options) --shard-optimizer", ranks: ranks, run: "parts") == whole)
    // Ranks of which some keep a part and some the whole would not take the same steps.
    let words = "train --steps 2 --quiet --run-dir mixed".split(separator: " ").map(String.init)
    let other = [":", "-n", "1", try builtProgram("lockstep")] + words + ["--shard-optimizer"]
    let mixed = try mpirun(ranks: 1, "lockstep", words + other, in: directory.path)
    expectFailure(
      mixed, 76, "the ranks differ in --shard-optimizer: rank 0 has false, rank 1 has true")
  }

  @Test(arguments: [
    ("--wire int8", "The value 'int8' is invalid for '--wire"),
    ("--overlap perhaps", "The value 'perhaps' is invalid for '--overlap"),
    (
      "--reproducible --micro-batches 2 --wire float16",
      "--reproducible and --wire float16 exclude each other"
    ),
  ])
  func mistakesAreNamed(_ options: String, _ cause: String) throws {
    expectFailure(try lockstep("train \(options)", in: directory), 64, cause)
  }
}
