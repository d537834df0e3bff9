import Communication
import Diagnostics
import Steps

/// The mean that the passes of a step make: what each of them weighs, what their sum is divided by,
/// and what the rounds of a step come to together.
struct StepMean {
  private let world: any Communicator
  private let passesPerStep: Int
  private let isReproducible: Bool
  private(set) var weights = StepWeights()
  /// What the rounds since gradients were cleared have come to.
  private(set) var loss: Float = 0
  private var total = 0.0
  /// The global batch whose round was the last.
  private(set) var lastBatch: MicroBatch?

  init(over world: any Communicator, passesPerStep: Int, isReproducible: Bool) {
    self.world = world
    self.passesPerStep = passesPerStep
    self.isReproducible = isReproducible
  }

  /// Finds the unit of gradients that all ranks share; `parts` are those of the first loss. Collective.
  mutating func findUnit(_ parts: LossParts?) {
    let batch = world.step.order?.batchSize ?? world.step.batch?.global ?? world.size
    weights.unit = world.agreedGradientUnit {
      StepWeights.unit(
        count: parts?.count ?? 0, samples: parts?.samples ?? 0,
        batch: Double(batch * passesPerStep))
    }
  }

  /// Begins a round; `isFirst` where gradients were cleared before it.
  mutating func beginRound(isFirst: Bool) {
    if isFirst {
      (total, loss) = (0, 0)
      weights.beginStep()
    } else {
      weights.beginRound()
    }
  }

  // MARK: - Passes

  /// Whether one pass of this rank is all that a step consists of: its gradient is already the mean.
  var isWhole: Bool {
    world.size == 1 && passesPerStep == 1 && !isReproducible
      && world.step.batch?.microBatch.map { $0.count == 1 } ?? true
  }

  /// Whether all ranks begin the one pass of the step now, and may tell each other of it.
  private var isOnePassOnEveryRank: Bool {
    world.size > 1 && passesPerStep == 1 && !isReproducible
      && world.step.batch?.microBatch.map { $0.count == world.size } ?? true
  }

  /// The weight of a pass of a loss with these parts, which begins now.
  mutating func weigh(_ parts: LossParts) -> Float {
    if isWhole {
      weights.addWhole(of: 1)
      return 1
    }
    if parts.divisors.count > 1, isOnePassOnEveryRank {
      weights.addWhole(of: world.size)
      return parts.weigh(over: world)
    }
    return weights.weigh(parts.divisors, microBatch: accumulatedBatch?.index)
  }

  /// The micro-batch that this rank works on, where losses over it are added up before they travel:
  /// where ranks have several, or some have none.
  private var accumulatedBatch: MicroBatch? {
    world.step.batch?.microBatch.flatMap { $0.count != world.size ? $0 : nil }
  }

  /// Whether gradients are to travel after the pass that began last.
  ///
  /// A rank without a micro-batch makes no pass: it joins in when the gradients are used. Until then
  /// the others keep theirs, for there may be a second loss.
  var isLastPass: Bool {
    guard let batch = world.step.batch?.microBatch else {
      return passesPerStep == 1 || weights.passesOfStep == passesPerStep
    }
    return batch.isLastOfRank && (isReproducible || batch.count >= world.size)
  }

  /// Stops where a pass begins a second exchange of a batch that some ranks have no part of.
  func requireAllRanksInRound() {
    guard let batch = world.step.batch?.microBatch, batch.count < world.size,
      lastBatch?.isOfSameBatch(as: batch) == true
    else { return }
    stop(
      """
      backward: the gradients of this batch were exchanged before, and some of the \(world.size) ranks \
      have none of its \(batch.count) micro-batches, so they do not take part a second time; use at least \
      \(world.size) micro-batches, or call backward() on all losses before the gradients are used
      """)
  }

  // MARK: - The exchange

  /// Begins the exchange of a round.
  func beginExchange(_ layout: GradientLayout, _ round: Round) {
    // In reproducible mode every micro-batch has a tail of its own, and all of them are added up.
    layout.tail.weight = isReproducible ? weights.last : weights.total
    if round.isLastPass || !isReproducible {
      (layout.tail.ofParts, layout.tail.ofLosses) = (weights.ofParts.sums, weights.ofLosses.sums)
      if let requests = world.step.ownRequests { layout.tail.requests = requests() }
    }
    layout.exchange.begin(weight: weights.total, total: knownTotal(round))
  }

  /// What the weights of the round add up to, where it is known: in further losses over micro-batches
  /// that have been weighed. One pass on a rank is weighed anew.
  private func knownTotal(_ round: Round) -> Double? {
    guard round.earlier != nil, let batch = accumulatedBatch, let last = lastBatch,
      batch.isOfSameBatch(as: last)
    else { return nil }
    return total
  }

  /// Joins what the exchange of a round has left in `layout` with what earlier rounds of the step have.
  mutating func join(_ layout: GradientLayout, _ round: Round) {
    requireEqualRatios(layout)
    if world.step.ownRequests != nil { world.step.agree(on: layout.tail.requests) }
    let newTotal = layout.exchange.total
    let newLoss = Float(Double(layout.tail.loss) / newTotal)
    if round.earlier == nil || passesPerStep == 1 {
      // Gradients of losses that were averaged for themselves add up.
      round.earlier?.join(layout, times: 1, plus: 1)
      if knownTotal(round) == nil { total = newTotal }
      loss += newLoss
    } else {
      // Both are means, over so much of the step.
      let whole = total + newTotal
      let (own, rest) = whole == 0 ? (1, 0) : (newTotal / whole, total / whole)
      round.earlier?.join(layout, times: Float(own), plus: Float(rest))
      loss = own == 0 ? loss : rest == 0 ? newLoss : Float(own) * newLoss + Float(rest) * loss
      total = whole
    }
    if let batch = world.step.batch?.microBatch { lastBatch = batch }
  }

  private func requireEqualRatios(_ layout: GradientLayout) {
    let pairs = [(weights.ofParts, layout.tail.ofParts), (weights.ofLosses, layout.tail.ofLosses)]
    for (own, all) in pairs
    where !own.agrees(withOthers: all.others, weighing: all.weighing) {
      let example = own.odd.map { " (\($0.other) and \($0.weighing) in one pass)" } ?? ""
      stop(
        """
        backward: the losses of a step are divided by numbers whose ratio is not the same in all its \
        passes\(example), so their gradients cannot be averaged after they were added up; divide them \
        by one number with sum().averaged(over:), or make a step one pass on each rank
        """)
    }
  }
}

extension Communicator {
  /// See `StepContext.gradientUnit`; the first time, what rank 0 finds. Collective.
  fileprivate func agreedGradientUnit(_ find: () -> Double) -> Double {
    if let unit = step.gradientUnit { return unit }
    var unit = find()
    if size > 1 { withUnsafeMutableBytes(of: &unit) { broadcast($0, from: 0) } }
    step.gradientUnit = unit
    return unit
  }
}
