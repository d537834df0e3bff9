import Communication
import Diagnostics
import Parallel

/// Whether gradients travel between hosts while the backward pass goes on.
public enum CommunicationOverlap: String, CaseIterable, Sendable {
  /// Tries both in the first steps and goes on with what was faster.
  case automatic = "auto"
  /// A thread of each rank waits for the network; it takes time from a core that computes.
  case on
  /// The rank's own thread sends everything at the end of the pass.
  case off
}

/// The part of an exchange that waits for the network: buckets, one after another in one order on all
/// ranks, on a thread of its own or at the end of the round.
final class NetworkStage {
  private let world: any Communicator
  private let count: Int
  private let cross: (Int) -> Void
  private var trial: OverlapTrial?
  /// Sends buckets while this rank computes; made when it is first wanted.
  ///
  /// Safety: what `cross` touches is handed over by `submit` and handed back by `finish`.
  private var worker: Worker?
  /// Which buckets are ready to cross in this round, and how many have been sent.
  private var isReady: [Bool]
  private var sent = 0
  private var overlaps: Bool

  /// `cross` sums a bucket, of `count`, over all hosts.
  init(
    _ count: Int, over world: any Communicator, _ overlap: CommunicationOverlap,
    _ cross: @escaping (Int) -> Void
  ) {
    self.world = world
    self.count = count
    self.cross = cross
    isReady = Array(repeating: false, count: count)
    trial = overlap == .automatic && world.allowsThreads ? OverlapTrial() : nil
    overlaps = overlap == .on && world.allowsThreads
  }

  /// Says that bucket `index` is complete on this host.
  func submit(_ index: Int) {
    isReady[index] = true
    guard overlaps else { return }
    let worker =
      worker ?? Worker(for: "averageGradients", instead: "use overlap: .off between hosts")
    self.worker = worker
    while sent < count, isReady[sent] {
      nonisolated(unsafe) let cross = cross
      let bucket = sent
      worker.submit { cross(bucket) }
      sent += 1
    }
  }

  /// Sends what has not been sent; all buckets are complete on this host.
  func finish() {
    for index in 0..<count { if overlaps { worker?.wait() } else { cross(index) } }
  }

  /// Prepares for the next round.
  func roundDidEnd() {
    for index in isReady.indices { isReady[index] = false }
    sent = 0
    guard var trial else { return }
    overlaps = trial.roundDidEnd(at: world.profile.clock())
    self.trial = trial
    if trial.isComplete {
      let medians = world.sum(trial.medians)
      overlaps = medians[1] < medians[0]
      self.trial = nil
    }
  }
}

/// Which of two ways makes steps shorter: they take turns in the first steps.
///
/// Ranks need not agree while it is tried: they send the same buckets in the same order.
package struct OverlapTrial {
  /// Steps before the trial, which are slower than the rest, and of the trial.
  package static let (warmUp, length) = (4, 20)

  private var rounds = 0
  private var last: UInt64 = 0
  private var seconds: [[Double]] = [[], []]

  package init() {}

  /// Whether all steps of the trial are over.
  package var isComplete: Bool { rounds >= Self.warmUp + Self.length }

  /// The median seconds of a step without overlap, and with it.
  package var medians: [Double] { seconds.map { $0.sorted()[$0.count / 2] } }

  /// Notes that a round has ended; returns whether the next one overlaps.
  package mutating func roundDidEnd(at now: UInt64) -> Bool {
    if rounds >= Self.warmUp { seconds[rounds % 2].append(Double(now - last) * 1e-9) }
    last = now
    rounds += 1
    return rounds % 2 == 1
  }
}
