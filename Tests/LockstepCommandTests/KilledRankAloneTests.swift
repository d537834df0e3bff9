import Foundation
import Glibc
import Support
import TestSupport
import Testing

/// A rank that is gone without a word.
@Suite(.serialized) struct KilledRankAloneTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [0, 1])
  func endsTheJob(_ rank: Int) throws {
    var ranks: [pid_t] = []
    var killedAt: Double?
    let options = ["--epochs", "100000", "--quiet", "--run-dir", "run"]
    let job = try mpirun(ranks: 2, "lockstep", ["train"] + options, in: directory.path) { mpirun in
      guard killedAt == nil, (try? directory.read("run/metrics.jsonl").isEmpty) == false else {
        return
      }
      ranks = children(of: mpirun)
      guard ranks.count == 2 else { return }
      killedAt = monotonicSeconds()
      kill(ranks[rank], SIGKILL)
    }
    let deadline = try #require(killedAt) + tenTimes(1.5)
    #expect(monotonicSeconds() < deadline)
    #expect(!job.timedOut)
    #expect(job.status == 128 + SIGKILL, "\(job.errors)")
    // The system may take a moment to clear them away.
    while ranks.contains(where: { kill($0, 0) == 0 }), monotonicSeconds() < deadline {
      usleep(5000)
    }
    for process in ranks { #expect(kill(process, 0) == -1, "process \(process) is left") }
    // No model, and metrics without a gap.
    #expect(directory.list("run") == [".lock", "checkpoints", "metrics.jsonl", "run.json"])
    let steps = try Metrics(of: "run", in: directory).steps.map(\.step)
    #expect(!steps.isEmpty && steps == Array(1...steps.count))
  }

  /// The processes that the threads of `parent` started, in that order.
  private func children(of parent: pid_t) -> [pid_t] {
    let threads = "/proc/\(parent)/task"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: threads)) ?? []
    return names.flatMap { thread in
      let list = try? String(contentsOfFile: "\(threads)/\(thread)/children", encoding: .utf8)
      return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
    }.sorted()
  }
}
