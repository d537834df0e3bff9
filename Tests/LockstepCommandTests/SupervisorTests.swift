import Glibc
import LockstepCommand
import TestSupport
import Testing

/// What is started again, and what is not.
struct SupervisorTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// What comes of jobs that end with these statuses, each after a step: status, starts, pauses, lines.
  private func supervise(
    _ ends: [(status: Int32, step: Int?)], restarts: Int = 100, asked: Bool = false
  ) throws -> (status: Int32, runs: [String?], pauses: [Double], lines: [String]) {
    var (runs, pauses, lines): ([String?], [Double], [String]) = ([], [], [])
    let status = try Supervisor(
      restarts: restarts, sleep: { pauses.append($0) }, say: { lines.append($0) }
    ).run { run in
      let end = ends[runs.count]
      runs.append(run)
      if let step = end.step {
        try directory.write(Array("{\"step\":\(step),\"loss\":1}\n{\"st".utf8), to: "metrics.jsonl")
      }
      return Job.End(status: end.status, run: directory.path, wasAsked: asked)
    }
    return (status, runs, pauses, lines)
  }

  @Test func aLostRankIsStartedAgainInTheSameDirectory() throws {
    let result = try supervise([(137, 120), (75, 300), (0, nil)])
    #expect(result.status == 0)
    #expect(result.runs == [nil, directory.path, directory.path])
    #expect(result.pauses == [0, 0])
    #expect(
      result.lines == [
        "the job ended with status 137 after step 120; starting again (1 of 100)",
        "the job ended with status 75 after step 300; starting again (2 of 100)",
      ])
  }

  @Test(arguments: [0, 1, 64, 65, 66, 69, 70, 73, 74, 76, 78, 79, 85] as [Int32])
  func whatWouldFailAgainIsNot(_ status: Int32) throws {
    let result = try supervise([(status, 1)])
    #expect(result.status == status)
    #expect(result.runs == [nil])
    #expect(result.lines == [])
  }

  @Test func threeFailuresAtOneStepAreEnough() throws {
    let result = try supervise([(137, 7), (134, 7), (137, 7)])
    #expect(result.status == 137)
    #expect(result.pauses == [0, 1])
    #expect(
      result.lines.last
        == "the job ended with status 137 after step 7, for the third time; it is not started again"
    )
  }

  @Test func pausesGrowWhileNothingIsReached() throws {
    let result = try supervise([(137, 7), (137, 7), (137, 8), (137, 8), (0, nil)])
    #expect(result.pauses == [0, 1, 0, 1])
  }

  @Test func itEndsAfterSoManyStarts() throws {
    let result = try supervise([(137, 1), (137, 2), (137, 3)], restarts: 2)
    #expect(result.status == 137)
    #expect(
      result.lines.last
        == "the job ended with status 137 after step 3; it was started again 2 times, which is what "
        + "--restarts allows")
  }

  @Test func whoAsksItToEndIsHeard() throws {
    #expect(try supervise([(143, 1)], asked: true).runs == [nil])
  }

  @Test func aRunIsAskedToSaveFirst() {
    var requests = StopRequests()
    #expect(requests.passedOn(SIGUSR2, isRun: true) == SIGUSR2)
    #expect(requests.passedOn(SIGINT, isRun: true) == SIGUSR1)
    #expect(requests.passedOn(SIGINT, isRun: true) == SIGINT)
    var others = StopRequests()
    #expect(others.passedOn(SIGTERM, isRun: false) == SIGTERM)
  }
}
