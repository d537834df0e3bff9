import Glibc
import Lockstep
import Support

/// Starts a job again where that makes sense.
package struct Supervisor {
  private let restarts: Int
  private let sleep: (Double) -> Void
  private let say: (String) -> Void

  /// A supervisor that starts a job again `restarts` times at most.
  package init(
    restarts: Int, sleep: @escaping (Double) -> Void = { usleep(UInt32($0 * 1e6)) },
    say: @escaping (String) -> Void = { writeLine($0) }
  ) {
    self.restarts = restarts
    self.sleep = sleep
    self.say = say
  }

  /// Failures at one step after which the next would be one too.
  private static let mostAtOneStep = 3
  private static let longestPause = 60.0

  /// Runs a job to its end, and again after a failure that may not come back. `start` runs it once; it is
  /// given the directory of the run that is to go on, nil at first. Returns the status of the last job.
  package func run(_ start: (_ run: String?) throws -> Job.End) rethrows -> Int32 {
    var run: String?
    var (count, failures) = (0, 0)
    var failedAt: Int?
    while true {
      let end = try start(run)
      run = end.run ?? run
      guard restarts > 0, !end.wasAsked, Self.mayHelp(end.status) else { return end.status }
      let step = run.flatMap(Self.lastStep)
      failures = step == failedAt ? failures + 1 : 1
      failedAt = step
      let place = step.map { " after step \($0)" } ?? ""
      let cause = "the job ended with status \(end.status)\(place)"
      guard count < restarts else {
        say("\(cause); it was started again \(restarts) times, which is what --restarts allows")
        return end.status
      }
      guard failures < Self.mostAtOneStep else {
        say("\(cause), for the third time; it is not started again")
        return end.status
      }
      count += 1
      // At once where the run has come further since the last failure.
      let pause = failures == 1 ? 0 : min(Self.longestPause, pow(2, Double(failures - 2)))
      say("\(cause); starting again (\(count) of \(restarts))")
      sleep(pause)
    }
  }

  /// Whether a job that ended with `status` may end otherwise another time: ranks or hosts were lost, or
  /// did not answer.
  package static func mayHelp(_ status: Int32) -> Bool {
    status == ExitCode.peerLost.rawValue || status > 128
  }

  /// The last step of which the run in `directory` has a line of metrics.
  private static func lastStep(_ directory: String) -> Int? {
    guard let file = try? OpenFile("\(directory)/metrics.jsonl"),
      let bytes = try? file.bytes(max(0, file.count - 4096)..<file.count)
    else { return nil }
    let end = String(decoding: bytes, as: UTF8.self)
    return Support.lastStep(inMetrics: end)
  }
}
