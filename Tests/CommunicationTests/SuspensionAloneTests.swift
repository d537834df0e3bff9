import Foundation
import Glibc
import TestSupport
import Testing

/// Jobs and ranks that are stopped for longer than the limit.
@Suite(.serialized) struct SuspensionAloneTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Runs `waitForFile` on two ranks; `act` is called once, with the ranks' processes, when both have
  /// waited for a while.
  private func job(abort: Double, _ act: ([pid_t]) -> Void) throws -> ProcessRun {
    var isDone = false
    return try mpirun(
      ranks: 2, "MPIChecks", ["waitForFile"], in: directory.path, environment: limits(abort: abort)
    ) { mpirun in
      guard !isDone else { return }
      let output = try? String(contentsOfFile: "/proc/\(mpirun)/fd/1", encoding: .utf8)
      guard output?.contains("rank 0 waits") == true, output?.contains("rank 1 waits") == true
      else { return }
      isDone = true
      act(children(of: mpirun))
    }
  }

  private func children(of process: pid_t) -> [pid_t] {
    let text = try? String(
      contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
    return (text ?? "").split(separator: " ").compactMap { pid_t($0) }
  }

  /// As by Ctrl-Z, or when a batch system suspends it.
  @Test(arguments: [1, 3])
  func aJobThatWasSuspendedGoesOn(_ times: Int) throws {
    let job = try job(abort: 4) { ranks in
      #expect(ranks.count == 2)
      for _ in 1...times {
        usleep(300_000)
        for rank in ranks { kill(rank, SIGSTOP) }
        usleep(6_000_000)
        for rank in ranks { kill(rank, SIGCONT) }
      }
      usleep(500_000)
      _ = try? directory.write([], to: "go-on")
    }
    #expect(job.status == 0, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty, "\(job.errors)")
  }

  /// While the others run; it is late, and nobody disagrees. Rank 1 computes, rank 0 waits.
  @Test(arguments: [1])
  func aRankThatIsStoppedAloneIsLate(_ rank: Int) throws {
    for _ in 1...3 {
      let job = try job(abort: 2) { ranks in kill(ranks[rank], SIGSTOP) }
      expectEnd(
        job, 75, ["rank \(rank) is in ", "; its process is stopped (SIGSTOP or a debugger)"])
    }
  }
}
