import Communication
import Foundation
import Glibc
import Support
import TestSupport
import Testing

/// Ranks that wait for what does not come, with limits of seconds: far longer than ranks that are
/// in order wait for each other where nothing else runs.
@Suite(.serialized) struct WatchAloneTests {
  @Test func aRankThatHangsIsNamedWithItsPhaseAndLine() throws {
    let job = try watchedJob(3, "hangInUserCode")
    expectEnd(
      job, 75,
      [
        "waited longer than the limit of 4.0 s: rank 2 is in data loading of step 7 for ",
        "\(try place("hangs here")); ranks 0-1 wait in barrier (collective 2) for ",
        try place("waits for it here"),
      ])
    // Since then, not since the job was started: a busy machine takes long for that.
    let began = try #require(
      job.errors.first { $0.hasPrefix("hangs at ") }.flatMap { UInt64($0.dropFirst(9)) })
    #expect(Double(monotonicNanoseconds() - began) * 1e-9 < tenTimes(5))
    let warnings = job.errors(startingWith: "warning: no progress for ")
    #expect(warnings.count == 1, "\(job.errors)")
  }

  @Test func aWaitInSharedMemoryIsOneToo() throws {
    expectEnd(
      try watchedJob(2, "hangInSharedWindow"), 75,
      [
        "rank 1 is in dreaming for ",
        "\(try place("dreams here")); rank 0 waits in a barrier in shared memory for ",
        try place("waits for the dreamer"),
      ])
  }

  @Test func aLateRankIsWarnedOfOnceAndWaitedFor() throws {
    let directory = try TemporaryDirectory()
    let job = try mpirun(
      ranks: 2, "MPIChecks", ["warnOnly"], in: directory.path,
      environment: ["LOCKSTEP_WARN_AFTER": "0"]
    ) { mpirun in
      let errors = try? String(contentsOfFile: "/proc/\(mpirun)/fd/2", encoding: .utf8)
      guard errors?.contains("warning: ") == true else { return }
      usleep(300_000)  // in which it is not said again
      _ = try? directory.write([], to: "go-on")
    }
    #expect(job.status == 0, "\(job.errors)")
    #expect(job.errors(startingWith: "warning: ").count == 1, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty)
  }

  @Test func aRankThatLeavesEarlyEndsTheJob() throws {
    let job = try watchedJob(3, "returnEarly", abort: 60)
    expectEnd(
      job, 75,
      [
        "rank 2 has returned from withCommunicator and ended, but others wait for it: rank ",
        "waits in barrier (collective 1) for ", try place("waits for ever"),
      ])
    #expect(job.seconds < tenTimes(1))
  }

  @Test func ranksThatAllWaitForAnotherThingDisagree() throws {
    expectEnd(
      try watchedJob(2, "deadlock"), 76,
      ["rank 0 waits in barrier (collective ", "rank 1 waits in a barrier in shared memory"])
  }

  /// As where one of them does a step more: no time helps, and the limit is not waited for.
  @Test func ranksThatWaitForEachOtherEndWithTheWarning() throws {
    let job = try mpirun(
      ranks: 2, "MPIChecks", ["deadlock"],
      environment: limits(abort: 250).merging(["LOCKSTEP_WARN_AFTER": "6"]) { $1 })
    expectEnd(
      job, 76,
      [
        "all ranks have waited for ", ", each for another one: ",
        "rank 0 waits in barrier (collective ", "rank 1 waits in a barrier in shared memory",
      ])
    #expect(job.seconds < tenTimes(8))
  }

  @Test(arguments: [
    ("differentKinds", "barrier at ", "all-reduce of 1 int32 (maximum) at "),
    ("differentCounts", "all-reduce of 10 float64 (sum) at", "all-reduce of 20 float64 (sum) at"),
    ("differentTypes", "all-reduce of 1 float32 (maximum) at ", "all-reduce of 1 int32 (maximum) "),
    ("differentRoots", "broadcast of 1 bytes from rank 0 at", "broadcast of 1 bytes from rank 1"),
  ])
  func aMismatchNamesBothSides(_ name: String, _ first: String, _ second: String) throws {
    let job = try watchedJob(3, name, abort: 60)
    expectEnd(
      job, 76,
      [
        "the ranks disagree about collective ", ": ranks 0-1 call \(first)",
        "rank 2 calls \(second)",
      ])
    #expect(job.seconds < tenTimes(1))
  }

  @Test func aMismatchNamesBothLines() throws {
    let job = try watchedJob(2, "differentKinds", abort: 60)
    expectEnd(
      job, 76,
      [
        "rank 0 calls barrier at \(try place("here a barrier"))",
        "rank 1 calls all-reduce of 1 int32 (maximum) at \(try place("here a maximum"))",
      ])
  }

  /// MPI notices, on some ranks; the sentence is ours.
  @Test func aBroadcastOfDifferentSizesIsAMismatch() throws {
    expectEnd(
      try watchedJob(4, "truncate"), 76,
      ["rank 0 calls broadcast of 2000 bytes", "ranks 1-3 call broadcast of 1000 bytes"])
  }

  @Test func aMismatchInTheLastCollectiveIsFound() throws {
    expectEnd(
      try watchedJob(2, "oddAtTheEnd"), 76,
      [
        "rank 0 calls all-reduce of 1 float32 (maximum) at \(try place("here the usual one"))",
        "rank 1 calls all-reduce of 1 int32 (maximum) at \(try place("here another type"))",
      ])
  }

  /// It is found in a wait that is over but for itself, while all others wait too: it is late, and
  /// nobody disagrees.
  @Test func aRankThatIsStoppedInACollectiveIsLate() throws {
    expectEnd(
      try watchedJob(2, "stopInCollective"), 75,
      [
        "waited longer than the limit of 4.0 s: rank 1 waits in barrier (collective 2) for ",
        "; its process is stopped (SIGSTOP or a debugger); rank 0 waits in barrier (collective 3) ",
      ])
  }

  @Test func theFirstFactThatDiffersIsNamed() throws {
    expectEnd(
      try watchedJob(3, "differentFacts"), 76,
      ["the runs differ in steps: ranks 0-1 have 10, rank 2 has 12"])
  }

  @Test func aSlowRankIsNamed() throws {
    let job = try watchedJob(2, "straggler")
    #expect(job.status == 0, "\(job.errors)")
  }
}
