import Diagnostics

/// How the passes of a step become one mean over the global batch.
///
/// A pass computes the gradient of a mean: a sum divided by the pass's own *divisor*, the targets
/// that count in it or their weights. The mean over the batch is the sum of all sums, divided by the
/// sum of all divisors. So a pass is weighted by its divisor, which undoes its own division, and the
/// sum over passes and ranks is divided by the sum of the weights. That sum is known when the last
/// pass has begun, and travels with the gradients.
///
/// Weights are divided by `unit`, a power of two near the divisor of a step, so that no gradient
/// grows with the batch; it changes no bit of a Float32.
package struct StepWeights {
  /// What all weights are divided by.
  package var unit = 1.0
  /// How many passes of the round this rank has begun.
  package private(set) var passes = 0
  /// The same of the step, which may have several rounds.
  package private(set) var passesOfStep = 0
  /// The weights of this rank's passes in the round.
  package private(set) var total = 0.0
  /// That of the pass that began last.
  package private(set) var last = 0.0
  /// How the divisors of further parts relate to those that weigh: parts of one loss, and of further
  /// losses over one micro-batch.
  package private(set) var ofParts = DivisorRatios()
  package private(set) var ofLosses = DivisorRatios()
  /// For each micro-batch that this rank has begun in the step, the divisor that weighs it, and how
  /// many losses it has had.
  private var microBatches: [Int: (divisor: Double, losses: Int)] = [:]

  package init() {}

  /// Forgets the passes so far: gradients were cleared, and the next pass is the first of a step.
  package mutating func beginStep() {
    microBatches = [:]
    passesOfStep = 0
    beginRound()
  }

  /// Goes on with further passes of the step, whose gradients are exchanged for themselves.
  package mutating func beginRound() {
    (passes, total, last) = (0, 0, 0)
    (ofParts, ofLosses) = (DivisorRatios(), DivisorRatios())
  }

  /// The weight of a pass of a loss whose parts have these divisors, over micro-batch `index` of its
  /// batch; nil: not of any. A second loss over a micro-batch weighs as the first.
  package mutating func weigh(_ divisors: [Double], microBatch index: Int?) -> Float {
    countPass()
    var divisor = divisors[0]
    if let index, let first = microBatches[index] {
      divisor = first.divisor
      ofLosses.add(divisors[0], to: divisor, at: first.losses)
      microBatches[index] = (divisor, first.losses + 1)
    } else {
      if let index { microBatches[index] = (divisor, 1) }
      total += divisor / unit
    }
    for (part, other) in divisors.enumerated().dropFirst() {
      ofParts.add(other, to: divisors[0], at: part)
    }
    last = divisor / unit
    return Float(last)
  }

  /// Counts a pass whose gradients are already those of the step's mean, one of `count` in all.
  package mutating func addWhole(of count: Int) {
    countPass()
    last = 1 / Double(count)
    total += last
  }

  private mutating func countPass() {
    passes += 1
    passesOfStep += 1
  }

  /// A power of two near the divisor of a step, by what is known in its first pass: `count` targets
  /// in `samples` samples, of `batch` in the step.
  package static func unit(count: Double, samples: Double, batch: Double) -> Double {
    let divisor = samples > 0 ? count / samples * batch : 0
    guard divisor.isFinite, divisor >= 1 else { return 1 }
    return Double(sign: .plus, exponent: divisor.exponent, significand: 1)
  }
}

/// Whether several divisors had the same ratios in all passes of a step. Only then are the parts of a
/// loss, which share their gradients, all weighed right by the divisor of the first.
package struct DivisorRatios {
  /// The sums of other divisors and of those that weigh, each times the place of the part.
  package private(set) var others = 0.0
  package private(set) var weighing = 0.0
  /// The two sums, to travel.
  package var sums: (others: Float, weighing: Float) { (Float(others), Float(weighing)) }

  /// The first ratio of each part.
  private var ratios: [Int: Double] = [:]
  /// A divisor that had another ratio than before.
  package private(set) var odd: (other: Double, weighing: Double)?

  /// Adds a pass in which the part at `place`, from 1 on, was divided by `other` and the first by
  /// `divisor`.
  package mutating func add(_ other: Double, to divisor: Double, at place: Int) {
    others += Double(place) * other
    weighing += Double(place) * divisor
    if divisor == 0, other == 0 { return }
    let ratio = ratios[place] ?? other / divisor
    ratios[place] = ratio
    if !(abs(other - ratio * divisor) <= Self.tolerance * other) { odd = (other, divisor) }
  }

  /// Whether the ratios are the same as on all ranks, whose sums are these, of Float32.
  package func agrees(withOthers allOthers: Float, weighing allWeighing: Float) -> Bool {
    let (own, all) = (others * Double(allWeighing), Double(allOthers) * weighing)
    return odd == nil && abs(own - all) <= 10 * Self.tolerance * (own + all)
  }

  /// By how much of itself a ratio may differ.
  private static let tolerance = 1e-6
}
