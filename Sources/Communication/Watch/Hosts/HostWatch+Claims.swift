import Glibc
import Synchronization

/// Deciding who reports a failure: hosts share no memory, so the first one does it for all.
extension HostWatch {
  /// Tells the ranks of this host whether others hear of it, and asks the first host in the place of one
  /// that wants to report a failure.
  func noteLinks(_ connected: [Int]) {
    let board = watch.board
    board.noteLinks(
      connected.count, toFirstHost: channel.host > 0 && connected.contains(0))
    guard board.isAwaitingLeave else { return }
    var question = report()
    question.claims = true
    channel.send(question.bytes, to: 0)
  }

  /// Answers a question of another host, or takes the first one's answer.
  func settleClaims(_ report: HostReport, from host: Int) {
    if report.grants || report.denies { watch.board.noteLeave(report.grants) }
    guard report.claims, channel.host == 0 else { return }
    var answer = self.report()
    answer.grants = watch.board.claimFailure(for: host)
    answer.denies = !answer.grants
    channel.send(answer.bytes, to: host)
  }

  /// Whether the caller runs on the thread that hears other hosts, which cannot wait for their answers.
  static var isThisThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  /// Notes that the caller's thread is that.
  static func noteThread() { thread.store(UInt(pthread_self()), ordering: .relaxed) }

  private static let thread = Atomic<UInt>(0)
}
