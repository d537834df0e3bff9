import Communication
import Diagnostics
import Elements
import NeuralNet
import Support
import TensorCore

/// Compares the parameters of all ranks from time to time: they must be the same bits.
///
/// Whatever made them different (memory that lost a bit, a parameter that one rank changed, ranks
/// that took different branches), training would go on with averages of gradients of different
/// models, and nothing would show it.
final class DriftCheck {
  /// Steps from one comparison to the next; 0: never; nil: what costs less than a thousandth.
  var interval: Int?

  private let world: any Communicator
  private let parameters: [Parameter]
  private var steps = 0
  private var measured: Int?
  private var measuringSince: UInt64 = 0
  private var cost: UInt64 = 0

  private struct Parameter {
    let name: String
    /// Not the tensor: that would keep alive what holds this.
    let storage: Storage
    let start: Int
    let byteCount: Int

    var digest: UInt64 {
      UnsafeRawBufferPointer(start: storage.pointer + start, count: byteCount).digest
    }
  }

  /// The step before which the cost is measured, and the one before which the interval follows from
  /// it: the first steps are slower than the rest.
  private static let measuredSteps = (first: 3, last: 13)

  init(_ parameters: [(name: String, tensor: Tensor)], over world: any Communicator) {
    self.world = world
    self.parameters = parameters.map { name, tensor in
      Parameter(
        name: name, storage: tensor.storage, start: tensor.offset * tensor.dtype.size,
        byteCount: tensor.count * tensor.dtype.size)
    }
  }

  /// To be called once before the gradients of every step, on all ranks.
  func stepWillBegin() {
    guard world.size > 1 else { return }
    steps += 1
    if let interval = interval ?? measuredInterval(), interval > 0, steps % interval == 0 {
      requireEqualParameters()
    }
  }

  /// Ends the job with status 76 unless the parameters of all ranks are the same; collective.
  func requireEqualParameters() {
    let digests = parameters.map(\.digest)
    let whole = digests.withUnsafeBytes { $0.digest }
    if world.minimum(whole) != world.maximum(whole) { stopForDrift(digests) }
  }

  private func stopForDrift(_ digests: [UInt64]) -> Never {
    let all = world.gather(digests)
    let first = digests.indices.first { index in
      all.contains { $0[index] != all[0][index] }
    }
    let index = first ?? 0
    // Most ranks are right; of two, nobody knows which.
    let sides = all.enumerated().grouped(by: \.element).map { $0.members.map(\.offset) }
    let ordered = sides.sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
    let others = ordered.dropFirst().flatMap { $0 }.sorted()
    stop(
      """
      the parameters of the ranks have drifted apart before step \(steps): \
      \(rankList(world.numbersInJob(of: others))) \(others.count == 1 ? "differs" : "differ") from \
      \(rankList(world.numbersInJob(of: ordered[0]))) in \(parameters[index].name), the first of \
      \(parameters.count)
      """, status: .ranksDisagree)
  }

  /// The interval at which comparing costs a thousandth, the same on all ranks; nil: not known yet.
  private func measuredInterval() -> Int? {
    if let measured { return measured }
    if steps == Self.measuredSteps.first {
      let start = monotonicNanoseconds()
      requireEqualParameters()
      measuringSince = monotonicNanoseconds()
      cost = measuringSince - start
    } else if steps == Self.measuredSteps.last {
      let stepCount = Self.measuredSteps.last - Self.measuredSteps.first
      let step = Double(monotonicNanoseconds() - measuringSince) / Double(stepCount)
      let interval = Int64(
        Swift.max(10, Swift.min(10_000, (Double(cost) / step * 1000).rounded(.up))))
      measured = Int(world.maximum(interval))
    }
    return measured
  }
}

extension GradientReducer {
  /// How many steps lie between two comparisons of the ranks' parameters; 0: they are
  /// never compared; nil, the default: as many as make the comparisons cost less than a thousandth
  /// of the time, at least 10 and at most 10,000.
  ///
  /// To be set to the same on all ranks. A difference ends the job with status 76, naming the ranks
  /// and the first parameter that differs.
  public var comparisonInterval: Int? {
    get { driftCheck?.interval }
    set { driftCheck?.interval = newValue }
  }

  /// Ends the job with status 76 unless the parameters of all ranks are the same bits; collective.
  ///
  /// What is done at intervals anyway; for the moments that matter, such as before saving.
  public func requireEqualParameters() { driftCheck?.requireEqualParameters() }
}
