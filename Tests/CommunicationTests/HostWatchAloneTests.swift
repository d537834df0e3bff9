import TestSupport
import Testing

/// What ranks on several hosts learn of each other, on hosts that are namespaces of this machine.
@Suite(.serialized, .needsHosts) struct HostWatchAloneTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func job(
    _ hosts: Int, _ slots: Int, _ checks: String..., event: (HostEvent, host: Int)? = nil,
    abort: Double = 4
  ) throws -> ProcessRun {
    try runOnHosts(
      hosts, slots: slots, "MPIChecks", checks,
      event: event.map { ($0.0, $0.host, "\(directory.path)/ready") },
      environment: limits(abort: abort), in: directory.path)
  }

  @Test func ranksThatHangAndWaitAreNamedWithTheirHosts() throws {
    expectEnd(
      try job(2, 2, "hangInUserCode"), 75,
      [
        "rank 3 (node2) is in data loading of step 7 for ", try place("hangs here"),
        "ranks 0-1 (node1), 2 (node2) wait in barrier (collective 2) for ",
        try place("waits for it here"),
      ])
  }

  @Test func aRankThatHangsAloneOnItsHostIsNamed() throws {
    expectEnd(
      try job(3, 1, "hangInUserCode"), 75,
      [
        "rank 2 (node3) is in data loading of step 7 for ", try place("hangs here"),
        "ranks 0 (node1), 1 (node2) wait in barrier (collective 2) for ",
      ])
  }

  @Test(arguments: [
    ("differentKinds", "barrier at ", "all-reduce of 1 int32 (maximum) at "),
    ("differentCounts", "all-reduce of 10 float64 (sum) at", "all-reduce of 20 float64 (sum) at"),
    ("differentTypes", "all-reduce of 1 float32 (maximum) at ", "all-reduce of 1 int32 (maximum) "),
    ("differentRoots", "broadcast of 1 bytes from rank 0 at", "broadcast of 1 bytes from rank 1"),
  ])
  func aMismatchNamesBothSides(_ name: String, _ first: String, _ second: String) throws {
    expectEnd(
      try job(3, 1, name, abort: 60), 76,
      [
        "the ranks disagree about collective ", ": ranks 0 (node1), 1 (node2) call \(first)",
        "rank 2 (node3) calls \(second)",
      ])
  }

  /// All processes of a host stand still; the others name its ranks and what they did last.
  @Test func aHostThatIsStoppedIsNamed() throws {
    let job = try job(3, 1, "hangUntilStopped", event: (.stop, host: 2))
    #expect(job.status != 0)
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1, "\(job.errors)")
    #expect(
      lines.first?.contains("(stopped or cut off); ranks 0 (node1), 2 (node3) wait in ") == true,
      "\(job.errors)")
    #expect(lines.first?.contains("rank 1 (node2) was in data loading of step 7, ") == true)
  }

  /// Its host names it; the others, who hold nobody up, leave it to that.
  @Test func aRankThatDoesNotComeIsNamedByItsHost() throws {
    expectEnd(
      try job(2, 2, "stopsBeforeMPI"), 75,
      [
        "error: rank 2/4 (node2): ", "rank 3 has not come to withCommunicator: its process ",
        ", and stopped (SIGSTOP or a debugger); 2 rank(s) on other hosts are not seen from here; ",
        "rank 2 waits for all 4 ranks to join for ",
      ])
  }

  @Test func aRankThatHangsAfterTheBodyIsNamedWithItsHost() throws {
    expectEnd(
      try job(2, 2, "hangAfterBody"), 75,
      [
        "rank 3 (node2) has been outside of withCommunicator for ",
        "ranks 0-1 (node1), 2 (node2) have been leaving MPI for ",
      ])
  }

  @Test func aFailureOfAllHostsIsSaidOnce() throws {
    for _ in 1...3 {
      expectEnd(
        try job(3, 2, "throwOnAll", abort: 60), 65, ["label 12 at index 4711 is not below 10"])
    }
  }

  /// Each side names the other's ranks and what they did last.
  @Test func ranksBeyondACutLinkAreNamed() throws {
    let job = try job(2, 1, "waitUntilCut", event: (.cut, host: 2))
    #expect(job.status != 0)
    let lines = job.errors(startingWith: "error: ")
    #expect(!lines.isEmpty, "\(job.errors)")
    for line in lines {
      #expect(line.contains("waited longer than the limit of 4.0 s: "), "\(line)")
      #expect(
        line.contains(", when node1 was last heard of, ")
          || line.contains(", when node2 was last heard of, "), "\(line)")
    }
  }
}
