import Diagnostics

/// A learning rate that falls when a metric has stopped getting better; PyTorch's
/// `ReduceLROnPlateau`.
///
/// ```swift
/// var plateau = ReduceOnPlateau(from: 0.1, patience: 3)
/// for epoch in 1...epochs {
///   …
///   optimizer.learningRate = plateau.rate(after: validationLoss)
/// }
/// ```
///
/// Give it the metric over the samples of all ranks, or ranks will disagree about the rate.
public struct ReduceOnPlateau: Sendable {
  /// Which metrics are better.
  public enum Mode: Sendable {
    /// Lower ones, as for losses.
    case minimum
    /// Higher ones, as for accuracies.
    case maximum
  }

  /// By how much a metric must be better than the best so far to count.
  public enum Threshold: Sendable {
    /// By this share of the best.
    case relative(Double)
    /// By this much.
    case absolute(Double)

    fileprivate var amount: Double {
      switch self {
      case .relative(let amount), .absolute(let amount): amount
      }
    }
  }

  /// The learning rate to use now.
  public var rate: Float { Float(exactRate) }
  /// The best metric so far; infinite before the first.
  public private(set) var best: Double

  private var exactRate: Double
  private var badCount = 0
  private var cooldownLeft = 0
  private let mode: Mode
  private let factor: Double
  private let patience: Int
  private let threshold: Threshold
  private let cooldown: Int
  private let minimumRate: Double
  private let epsilon: Double

  /// A rate that begins with `rate` and is multiplied by `factor` when a metric stops getting
  /// better.
  ///
  /// - Parameters:
  ///   - rate: the learning rate to begin with.
  ///   - factor: by what the rate is multiplied; below 1.
  ///   - patience: how many metrics in a row may be no better before the rate falls.
  ///   - cooldown: how many metrics after a fall are not counted.
  ///   - minimumRate: below which the rate does not fall.
  ///   - epsilon: a smaller change of the rate is not made.
  public init(
    from rate: Float, mode: Mode = .minimum, factor: Double = 0.1, patience: Int = 10,
    threshold: Threshold = .relative(1e-4), cooldown: Int = 0, minimumRate: Float = 0,
    epsilon: Double = 1e-8
  ) {
    check(
      (0..<1).contains(factor), "ReduceOnPlateau: a factor of \(factor) is not from 0 to below 1")
    check(
      rate >= 0 && minimumRate >= 0 && rate.isFinite && minimumRate.isFinite,
      "ReduceOnPlateau: rates \(rate) and at least \(minimumRate) must be finite and not negative")
    check(
      threshold.amount >= 0 && threshold.amount.isFinite && epsilon >= 0 && epsilon.isFinite,
      """
      ReduceOnPlateau: threshold \(threshold.amount) and epsilon \(epsilon) must be finite and not \
      negative
      """)
    check(
      patience >= 0 && cooldown >= 0,
      "ReduceOnPlateau: patience \(patience) and cooldown \(cooldown) must not be negative"
    )
    exactRate = Double(rate)
    best = mode == .minimum ? .infinity : -.infinity
    self.mode = mode
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.minimumRate = Double(minimumRate)
    self.epsilon = epsilon
  }

  /// Takes note of the next metric; returns the learning rate to go on with. NaN is never better.
  public mutating func rate(after metric: Double) -> Float {
    if isBetter(metric) {
      best = metric
      badCount = 0
    } else {
      badCount += 1
    }
    if cooldownLeft > 0 {
      cooldownLeft -= 1
      badCount = 0
    }
    if badCount > patience {
      let lower = max(exactRate * factor, minimumRate)
      if exactRate - lower > epsilon { exactRate = lower }
      cooldownLeft = cooldown
      badCount = 0
    }
    return rate
  }

  private func isBetter(_ metric: Double) -> Bool {
    switch (mode, threshold) {
    case (.minimum, .relative(let share)): metric < best * (1 - share)
    case (.minimum, .absolute(let amount)): metric < best - amount
    case (.maximum, .relative(let share)): metric > best * (1 + share)
    case (.maximum, .absolute(let amount)): metric > best + amount
    }
  }
}

extension ReduceOnPlateau {
  /// What changes from metric to metric. `best` may be infinite.
  public var state: [String: Double] {
    [
      "rate": exactRate, "best": best, "bad_count": Double(badCount),
      "cooldown_left": Double(cooldownLeft),
    ]
  }

  /// Goes on where the schedule stopped that `state` is of.
  ///
  /// - Throws: `OptimizerStateError` where keys are missing or unknown, or a value is impossible;
  ///   nothing is changed then.
  public mutating func load(state: [String: Double]) throws {
    try OptimizerStateError.requireFit(
      state, of: "ReduceOnPlateau", like: self.state, Self.mismatch)
    exactRate = state["rate"] ?? exactRate
    best = state["best"] ?? best
    badCount = Int(state["bad_count"] ?? 0)
    cooldownLeft = Int(state["cooldown_left"] ?? 0)
  }

  private static func mismatch(_ key: String, _ value: Double) -> String? {
    switch key {
    case "best": value.isNaN ? "best is not a number" : nil
    case "rate":
      value >= 0 && value.isFinite
        ? nil : "rate is \(value) instead of a rate that is not negative"
    default:
      Int(exactly: value).map { $0 >= 0 } == true ? nil : "\(key) is \(value) instead of a count"
    }
  }
}
