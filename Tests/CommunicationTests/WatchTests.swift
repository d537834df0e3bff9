import Foundation
import TestSupport
import Testing

/// Ranks that wait for what does not come, with limits of fractions of a second.
@Suite(.serialized) struct WatchTests {
  private func job(_ ranks: Int, _ check: String, abort: Double = 1) throws -> ProcessRun {
    try mpirun(
      ranks: ranks, "MPIChecks", [check],
      environment: ["LOCKSTEP_WARN_AFTER": "0.3", "LOCKSTEP_ABORT_AFTER": "\(abort)"])
  }

  /// Expects one line `error:` that has all of `parts`, in this order.
  private func expect(
    _ job: ProcessRun, _ status: Int32, _ parts: [String],
    at location: SourceLocation = #_sourceLocation
  ) {
    #expect(job.status == status, "\(job.errors)", sourceLocation: location)
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1, "\(job.errors)", sourceLocation: location)
    var rest = Substring(lines.first ?? "")
    for part in parts {
      let range = rest.range(of: part)
      #expect(range != nil, "\(part) is not in \(lines)", sourceLocation: location)
      if let range { rest = rest[range.upperBound...] }
    }
  }

  @Test func aRankThatHangsIsNamedWithItsPhaseAndLine() throws {
    let job = try job(3, "hangInUserCode")
    expect(
      job, 75,
      [
        "waited longer than the limit of 1.0 s: rank 2 is in data loading of step 7 for ",
        "WatchChecks.swift:12; ranks 0-1 wait in barrier (collective 2) for ",
        "WatchChecks.swift:15",
      ])
    #expect(job.seconds < 6)
    let warnings = job.errors(startingWith: "warning: no progress for ")
    #expect(warnings.count == 1, "\(job.errors)")
  }

  @Test func aWaitInSharedMemoryIsOneToo() throws {
    expect(
      try job(2, "hangInSharedWindow"), 75,
      ["rank 1 is in dreaming for ", "WatchChecks.swift:20; rank 0 waits in a barrier in shared "])
  }

  @Test func aLateRankIsWarnedOfOnceAndWaitedFor() throws {
    let job = try job(2, "warnOnly")
    #expect(job.status == 0, "\(job.errors)")
    #expect(job.errors(startingWith: "warning: ").count == 1, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty)
  }

  @Test func aRankThatLeavesEarlyEndsTheJob() throws {
    let job = try job(3, "returnEarly", abort: 60)
    expect(
      job, 75,
      [
        "rank 2 has returned from withCommunicator and ended, but others wait for it: rank ",
        "waits in barrier (collective 1) for ", "WatchChecks.swift:34",
      ])
    #expect(job.seconds < 5)
  }

  @Test func ranksThatAllWaitForAnotherThingDisagree() throws {
    expect(
      try job(2, "deadlock"), 76,
      ["rank 0 waits in barrier (collective ", "rank 1 waits in a barrier in shared memory"])
  }

  @Test(arguments: [
    (
      "differentKinds", "barrier at WatchChecks.swift:46",
      "all-reduce of 1 int32 (maximum) at WatchChecks.swift:44"
    ),
    ("differentCounts", "all-reduce of 10 float64 (sum) at", "all-reduce of 20 float64 (sum) at"),
    (
      "differentTypes", "all-reduce of 1 float32 (maximum) at WatchChecks.swift:55",
      "all-reduce of 1 int32 (maximum) at WatchChecks.swift:55"
    ),
    ("differentRoots", "broadcast of 1 bytes from rank 0 at", "broadcast of 1 bytes from rank 1"),
  ])
  func aMismatchNamesBothSides(_ name: String, _ first: String, _ second: String) throws {
    let job = try job(3, name, abort: 60)
    expect(
      job, 76,
      [
        "the ranks disagree about collective ", ": ranks 0-1 call \(first)",
        "rank 2 calls \(second)",
      ])
    #expect(job.seconds < 5)
  }

  /// By a message before each collective, as between hosts.
  @Test(arguments: ["differentKinds", "differentTypes", "differentCounts"])
  func aMismatchBetweenHostsIsFoundByHeaders(_ name: String) throws {
    let job = try mpirun(
      ranks: 3, "MPIChecks", [name], environment: ["LOCKSTEP_CHECK_COLLECTIVES": "1"])
    expect(job, 76, ["the ranks disagree about a", ": ranks 0-1 call ", ", rank 2 calls "])
  }

  @Test func headersLeaveEqualCollectivesAlone() throws {
    let job = try mpirun(
      ranks: 3, "MPIChecks", ["allReduce", "broadcast", "gather", "trainsInLockstep"],
      environment: ["LOCKSTEP_CHECK_COLLECTIVES": "1"])
    #expect(job.status == 0, "\(job.errors)")
  }

  /// MPI notices, on some ranks; the sentence is ours.
  @Test func aBroadcastOfDifferentSizesIsAMismatch() throws {
    expect(
      try job(4, "truncate"), 76,
      ["rank 0 calls broadcast of 2000 bytes", "ranks 1-3 call broadcast of 1000 bytes"])
  }

  @Test func theFirstFactThatDiffersIsNamed() throws {
    expect(
      try job(3, "differentFacts"), 76,
      ["the runs differ in steps: ranks 0-1 have 10, rank 2 has 12"])
  }

  @Test func aSlowRankIsNamed() throws {
    let job = try job(2, "straggler")
    #expect(job.status == 0, "\(job.errors)")
  }
}
