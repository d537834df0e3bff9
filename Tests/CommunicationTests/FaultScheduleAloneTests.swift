import TestSupport
import Testing

/// A rank of a training job fails in some step and some way: the job is gone soon, the cause
/// is said, and the status says whether trying again makes sense.
@Suite(.serialized) struct FaultScheduleAloneTests {
  struct Case: CustomStringConvertible {
    let ranks: Int
    let fault: String
    let status: Int32
    /// What the one line `error:` contains; nil where `mpirun` is the one who speaks.
    let cause: String?
    var description: String { "\(ranks) ranks, \(fault)" }
  }

  static let cases = [
    Case(
      ranks: 2, fault: "rank:0,step:1,kind:throw", status: 65,
      cause: "rank 0/2 (*): labels.gz: label 12 at index 4711 is not below 10"),
    Case(
      ranks: 4, fault: "rank:2,step:5,kind:throw", status: 65,
      cause: "rank 2/4 (*): labels.gz: label 12 at index 4711 is not below 10"),
    Case(ranks: 3, fault: "rank:1,step:4,kind:trap", status: 132, cause: nil),
    Case(ranks: 2, fault: "rank:1,step:1,kind:kill", status: 137, cause: nil),
    Case(ranks: 4, fault: "rank:0,step:6,kind:kill", status: 137, cause: nil),
    Case(
      ranks: 3, fault: "rank:1,step:3,kind:stop", status: 75, cause: "its process is stopped"),
    Case(
      ranks: 2, fault: "rank:0,step:4,kind:hang", status: 75,
      cause: "rank 0 is in data loading of step 4 for "),
    Case(
      ranks: 2, fault: "rank:1,step:3,kind:return", status: 75,
      cause: "rank 1 has returned from withCommunicator and ended, but others wait for it"),
    Case(
      ranks: 4, fault: "rank:0,step:2,kind:return", status: 75,
      cause: "rank 0 has returned from withCommunicator and ended, but others wait for it"),
    Case(ranks: 2, fault: "rank:1,step:5,kind:skip", status: 76, cause: "barrier"),
    Case(
      ranks: 3, fault: "rank:1,step:7,kind:flip", status: 76,
      cause: "before step 8: rank 1 differs from ranks 0, 2 in weight, the first of 2"),
    Case(
      ranks: 2, fault: "rank:0,step:4,kind:flip", status: 76,
      cause: "before step 4: rank 1 differs from rank 0 in weight, the first of 2"),
  ]

  @Test(arguments: cases)
  func endsTheJobWithItsCause(_ example: Case) throws {
    let job = try mpirun(
      ranks: example.ranks, "MPIChecks", ["faultSchedule"],
      environment: ["FAULT": example.fault, "LOCKSTEP_ABORT_AFTER": "4"])
    #expect(job.status == example.status, "\(job.errors)")
    #expect(job.seconds < tenTimes(5), "\(job.seconds) s")
    let lines = job.errors(startingWith: "error: ")
    guard let cause = example.cause else {
      #expect(lines.isEmpty, "\(lines)")
      return
    }
    #expect(lines.count == 1, "\(job.errors)")
    for part in cause.split(separator: "*") {
      #expect(lines.first?.contains(part) == true, "\(lines)")
    }
  }
}
