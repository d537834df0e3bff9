import TestSupport
import Testing

/// What ranks on several hosts learn of each other, on ranks of this machine that take themselves to
/// be on several: their watchdogs talk over TCP as between hosts.
@Suite(.serialized) struct PretendedHostAloneTests {
  @Test func aRankThatHangsAloneOnItsHostIsNamed() throws {
    let job = try watchedJob(3, hosts: 2, "hangInUserCode")
    let parts = [
      "rank 2 (host2) is in data loading of step 7 for ", try place("hangs here"),
      "ranks 0-1 (host1) wait in barrier (collective 2) for ", try place("waits for it here"),
    ]
    expectEnd(job, 75, ["waited longer than the limit of 4.0 s: "] + parts)
    let text = job.errors.joined(separator: "\n")
    #expect(text.split(separator: "warning: no progress for ").count == 2, "\(text)")
  }

  @Test func aRankThatHangsOnOneOfSeveralHostsIsNamed() throws {
    expectEnd(
      try watchedJob(4, hosts: 2, "hangInUserCode"), 75,
      [
        "rank 3 (host2) is in data loading of step 7 for ", try place("hangs here"),
        "ranks 0-1 (host1), 2 (host2) wait in barrier (collective 2) for ",
        try place("waits for it here"),
      ])
  }

  /// With all of its process, the thread that answers other hosts included. The limit is ten times what
  /// it takes until the rank is stopped and taken for silent.
  @Test(arguments: [
    ("stopLast", 3, "rank 2 (host3)", "host3"), ("stopFirst", 3, "rank 0 (host1)", "host1"),
  ])
  func aRankThatIsStoppedAloneOnItsHostIsNamed(
    _ check: String, _ hosts: Int, _ rank: String, _ host: String
  ) throws {
    expectEnd(
      try watchedJob(hosts, hosts: hosts, check, abort: 20), 75,
      [
        "waited longer than the limit of 20 s: \(rank) was in data loading of step 7, ",
        "\(try place("is stopped here")), when \(host) was last heard of, ",
        " s ago (stopped or cut off); ranks ", " wait in barrier (collective 2) for ",
        try place("waits for the stopped one"),
      ])
  }

  @Test func aRankThatIsStoppedInACollectiveIsLate() throws {
    expectEnd(
      try watchedJob(2, hosts: 2, "stopInCollective", abort: 20), 75,
      [
        "rank 1 (host2) waited in barrier (collective 2), ", "when host2 was last heard of, ",
        "rank 0 (host1) waits in barrier (collective 3) for ",
      ])
  }

  @Test(arguments: [2, 3])
  func aRankThatLeavesEarlyEndsTheJob(_ hosts: Int) throws {
    let job = try watchedJob(3, hosts: hosts, "returnEarly", abort: 60)
    expectEnd(
      job, 75,
      [
        "rank 2 (host\(hosts)) has returned from withCommunicator and ended, but others wait for it: ",
        "waits in barrier (collective 1) for ", try place("waits for ever"),
      ])
    #expect(job.seconds < tenTimes(1))
  }

  @Test func ranksThatAllWaitForAnotherThingDisagree() throws {
    expectEnd(
      try watchedJob(4, hosts: 2, "deadlock"), 76,
      [
        "ranks 0-1 (host1), 2 (host2) wait in barrier (collective ",
        "rank 3 (host2) waits in a barrier in shared memory",
      ])
  }

  @Test(arguments: [
    ("differentKinds", "barrier at ", "all-reduce of 1 int32 (maximum) at "),
    ("differentCounts", "all-reduce of 10 float64 (sum) at", "all-reduce of 20 float64 (sum) at"),
    ("differentTypes", "all-reduce of 1 float32 (maximum) at ", "all-reduce of 1 int32 (maximum) "),
    ("differentRoots", "broadcast of 1 bytes from rank 0 at", "broadcast of 1 bytes from rank 1"),
  ])
  func aMismatchNamesBothSides(_ name: String, _ first: String, _ second: String) throws {
    let job = try watchedJob(3, hosts: 3, name, abort: 60)
    expectEnd(
      job, 76,
      [
        "the ranks disagree about collective ", ": ranks 0 (host1), 1 (host2) call \(first)",
        "rank 2 (host3) calls \(second)",
      ])
    #expect(job.seconds < tenTimes(2))
  }

  @Test func aMismatchOnOneOfSeveralHostsNamesTheRanksOfAll() throws {
    expectEnd(
      try watchedJob(4, hosts: 2, "differentKinds", abort: 60), 76,
      [
        "ranks 0-1 (host1), 2 (host2) call barrier at \(try place("here a barrier"))",
        "rank 3 (host2) calls all-reduce of 1 int32 (maximum) at \(try place("here a maximum"))",
      ])
  }

  /// MPI notices, on some ranks; the sentence is ours. It names the ranks of the other host where
  /// these have been heard of by then.
  @Test func aBroadcastOfDifferentSizesIsAMismatch() throws {
    expectEnd(
      try watchedJob(4, hosts: 2, "truncate"), 76,
      [
        "rank 0 (host1) calls broadcast of 2000 bytes",
        "1 (host1)", "broadcast of 1000 bytes",
      ])
  }

  /// Nobody waits, and MPI notices nothing.
  @Test(arguments: [("oddTypeOnTheWay", 300), ("oddAtTheEnd", 1)])
  func aMismatchThatHoldsNobodyUpIsNamed(_ name: String, _ number: Int) throws {
    expectEnd(
      try watchedJob(3, hosts: 2, name), 76,
      [
        "the ranks disagree about collective \(number): ",
        "ranks 0-1 (host1) call all-reduce of 1 float32 (maximum) at ",
        try place("here the usual one"),
        "rank 2 (host2) calls all-reduce of 1 int32 (maximum) at \(try place("here another type"))",
      ])
  }

  /// Collectives follow each other so fast that those which differ are soon forgotten.
  @Test func aMismatchOfLongAgoIsOne() throws {
    expectEnd(
      try watchedJob(2, hosts: 2, "oddTypeLongAgo"), 76,
      ["the ranks disagree about one of their ", "too long ago", "did another thing than rank"])
  }

  /// Collectives of which some ranks are far ahead, sums across hosts in chance order beside others,
  /// ranks that leave late: all of it is in order.
  @Test(arguments: [(1, 4), (2, 4), (3, 4), (4, 4), (3, 3)])
  func ranksThatAgreeAreLeftAlone(_ hosts: Int, _ ranks: Int) throws {
    let checks = ["manyCollectives", "trainsInLockstep", "leaveLate"]
    let job = try mpirun(
      ranks: ranks, "MPIChecks", checks + (ranks % hosts == 0 ? ["lanesInAnyOrder"] : []),
      environment: ["PRETENDED_HOSTS": "\(hosts)"])
    #expect(job.status == 0, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty, "\(job.errors)")
    // One check trains a model on each rank for itself, to compare with.
    let warnings = job.errors(startingWith: "warning: ").filter { !$0.contains("nobody averages") }
    #expect(warnings.isEmpty, "\(job.errors)")
  }

  /// `mpirun` says which rank and signal, and is not interrupted.
  @Test(arguments: [("killLast", 137), ("trapOnLast", 132)])
  func aRankThatIsLostIsLeftToMPI(_ name: String, _ status: Int32) throws {
    let job = try watchedJob(3, hosts: 3, name, abort: 60)
    #expect(job.status == status, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty, "\(job.errors)")
    #expect(job.seconds < tenTimes(1))
  }

  @Test(arguments: ["throwOnLast", "throwOnAll"])
  func aFailureIsSaidOnce(_ name: String) throws {
    expectEnd(
      try watchedJob(3, hosts: 3, name, abort: 60), 65,
      ["labels.gz: label 12 at index 4711 is not below 10"])
  }
}
