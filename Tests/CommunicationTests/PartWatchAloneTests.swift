import TestSupport
import Testing

/// Ranks that wait in a part of the ranks, or disagree there, and ranks of a communicator that was
/// handed over.
@Suite(.serialized) struct PartWatchAloneTests {
  @Test(arguments: [0, 2])
  func aRankThatHangsWhileItsPartWaitsIsNamed(_ hosts: Int) throws {
    let names = hosts == 0 ? ["rank 3", "rank 1"] : ["rank 3 (host2)", "rank 1 (host1)"]
    let job = try watchedJob(4, hosts: hosts, "hangInPart")
    expectEnd(
      job, 75,
      [
        "\(names[0]) is in dreaming for ", try place("dreams in a part"),
        "\(names[1]) waits in barrier (collective 1 of ranks 1, 3) for ",
        try place("waits in a part"),
      ])
    let warnings = job.errors(startingWith: "warning: no progress for ")
    #expect(warnings.count == 1, "\(job.errors)")
  }

  @Test func aWaitInAWindowOfAPartIsOneToo() throws {
    expectEnd(
      try watchedJob(4, "hangInWindowOfPart"), 75,
      [
        "rank 3 is in dreaming for ", try place("dreams beside a window"),
        "rank 1 waits in a barrier in shared memory for ", try place("waits in a window of a part"),
      ])
  }

  /// Ranks 1 and 3, and not 0 and 2, which do something else in their part.
  @Test func ranksThatDisagreeInAPartAreNamed() throws {
    expectEnd(
      try watchedJob(4, "differentTypesInPart"), 76,
      [
        "the ranks disagree about collective 1 of ranks 1, 3: ",
        "rank 1 calls all-reduce of 1 float32 (maximum) at \(try place("here the usual one"))",
        "rank 3 calls all-reduce of 1 int32 (maximum) at \(try place("here another type"))",
      ])
  }

  @Test func anErrorBesideAPartIsSaidOnce() throws {
    let job = try watchedJob(4, "throwInPart")
    expectEnd(job, 65, ["error: rank 3/4 (", "label 12 at index 4711"])
  }

  /// Rank 3 of the job is rank 0 of the communicator.
  @Test func ranksOfWhatWasHandedOverHaveTheirNumbersInTheJob() throws {
    expectEnd(
      try watchedJob(4, "handsOverAndHangs"), 75,
      [
        "rank 3 is in dreaming for ", try place("dreams in what was handed over"),
        "ranks 0-2 wait in barrier (collective 1) for ",
      ])
  }

  /// A watchdog that must not call MPI ends its process, and the launcher the others.
  @Test func aHangEndsWhereOneThreadMayCallMPI() throws {
    expectEnd(
      try watchedJob(3, "funneledHangs"), 75,
      ["rank 2 is in set-up for ", "ranks 0-1 wait in barrier (collective 1) for "])
  }
}
