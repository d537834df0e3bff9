import Glibc
import TestSupport
import Testing

/// Ranks that hang when they have left `withCommunicator`: those that wait for them there say so.
@Suite(.serialized) struct EndWatchAloneTests {
  @Test(arguments: [0, 2])
  func aRankThatHangsAfterTheBodyIsNamed(_ hosts: Int) throws {
    let names = hosts == 0 ? ["rank 2", "ranks 0-1"] : ["rank 2 (host2)", "ranks 0-1 (host1)"]
    expectEnd(
      try watchedJob(3, hosts: hosts, "hangAfterBody"), 75,
      [
        "waited longer than the limit of 4.0 s: ",
        "\(names[0]) has been outside of withCommunicator for ",
        "\(names[1]) have been leaving MPI for ",
      ])
  }

  @Test func aRankThatIsLateToLeaveIsWarnedOfAndWaitedFor() throws {
    let job = try watchedJob(2, "waitAfterBody", abort: 60)
    #expect(job.status == 0, "\(job.errors)")
    #expect(job.errors(startingWith: "warning: no progress for ").count == 1, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty, "\(job.errors)")
  }

  /// The status is 75, if `mpirun` outlives it: see Docs/never-silent.md.
  @Test func aRankThatIsStoppedWhileMPIEndsIsNamed() throws {
    let job = try mpirun(ranks: 3, "MPIChecks", ["stopsInFinalize"], environment: limits())
    #expect([75, 137, 139].contains(job.status))
    expectEnd(
      job, job.status,
      [
        "rank 2 has been leaving MPI for ", "; its process is stopped (SIGSTOP or a debugger); ",
        "ranks 0-1 have been leaving MPI for ",
      ])
    #expect(job.seconds < tenTimes(12))
  }

  /// Nobody waits for it but `mpirun`.
  @Test func aRankThatDoesNotEndEndsItself() throws {
    let job = try mpirun(ranks: 2, "MPIChecks", ["hangsAtExit"], environment: limits())
    expectEnd(job, 75, ["rank 1 has left MPI and not ended for "])
    #expect(job.seconds < tenTimes(7))
  }
}

/// Ranks that wait for a disk that does not answer.
@Suite(.serialized) struct StorageWatchAloneTests {
  private static let sentence =
    "storage has not answered for 1 s while writing runs/a/model.safetensors; look at the disk or "
    + "network file system that holds it"

  private func environment(_ storage: String, abort: String = "60") -> [String: String] {
    limits().merging(["LOCKSTEP_ABORT_AFTER": abort, "LOCKSTEP_STORAGE_AFTER": storage]) { $1 }
  }

  private func expectStorage(_ job: ProcessRun, _ start: String) {
    #expect(job.status == 74, "\(job.errors)")
    #expect(job.seconds < tenTimes(3))
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1 && lines[0].hasPrefix("error: \(start)"), "\(job.errors)")
    #expect(
      lines.first?.hasSuffix(
        "while writing runs/a/model.safetensors; look at the disk or network file system that holds it"
      ) == true, "\(job.errors)")
    #expect(lines.first?.contains("storage has not answered for 1") == true, "\(job.errors)")
  }

  /// The others wait for it, which has a longer limit, or a shorter one.
  @Test(arguments: ["60", "0.5"])
  func aRankThatWaitsForStorageSaysSo(_ abort: String) throws {
    let job = try mpirun(
      ranks: 3, "MPIChecks", ["hangInStorage"], environment: environment("1", abort: abort))
    expectStorage(job, "rank 2/3 (")
  }

  @Test func aProcessThatIsAloneSaysSo() throws {
    expectStorage(
      try runAlone("MPIChecks", ["hangInStorage"], environment: environment("1")),
      "storage has not answered for ")
  }

  /// Without a limit of its own it has that of other waits.
  @Test func theLimitIsThatOfOtherWaits() throws {
    expectStorage(
      try runAlone("MPIChecks", ["hangInStorage"], environment: ["LOCKSTEP_ABORT_AFTER": "1"]),
      "storage has not answered for ")
  }

  /// Every call that returns is progress.
  @Test func slowStorageIsWaitedFor() throws {
    let job = try mpirun(
      ranks: 2, "MPIChecks", ["slowStorage"],
      environment: environment("2", abort: "1").merging(["LOCKSTEP_WARN_AFTER": "0"]) { $1 })
    #expect(job.status == 0, "\(job.errors)")
  }

  /// It is not the disk.
  @Test func aRankThatIsStoppedWhileItSavesIsNamed() throws {
    expectEnd(
      try mpirun(
        ranks: 2, "MPIChecks", ["stopInStorage"], environment: environment("60", abort: "4")), 75,
      [
        "rank 1 is in saving for ", "; its process is stopped (SIGSTOP or a debugger); ",
        "rank 0 has been leaving MPI for ",
      ])
  }
}
