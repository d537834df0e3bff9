import Communication
import DataParallel
import NeuralNet
import Optimizers
import TensorCore
import TestSupport
import Testing

/// Loss scales on many ranks: one verdict, from the gradients that all ranks share.
@Suite(.serialized) struct PrecisionTests {
  /// What a rank saw: after each step its weights, and in the end the scaler's state.
  private struct Outcome: Sendable, Equatable {
    var weights: [[Float]] = []
    var state: [String: Double] = [:]
  }

  /// Five steps of two passes on 32 samples; in `overflowing` steps rank 0's share of one pass
  /// overflows, and no other rank's.
  private static func train(
    over world: any Communicator, overflowing: Set<Int>, _ dtype: DType, sharesOfRank: [[Int]]
  ) throws -> Outcome {
    let network = SmallNetwork(seed: UInt64(world.rank))
    network.convert(to: dtype)
    network.averageGradients(over: world, accumulating: sharesOfRank.count, bucketBytes: 256)
    let optimizer = SGD(network.parameters(), learningRate: 0.5, momentum: 0.9)
    let scaler = GradientScaler(initialScale: 256, growthInterval: 2)
    var outcome = Outcome()
    for step in 0..<5 {
      optimizer.zeroGrad()
      for (pass, cuts) in sharesOfRank.enumerated() {
        let samples = cuts[world.rank]..<cuts[world.rank + 1]
        world.step.batch = BatchShare(local: samples.count, global: cuts[world.size] - cuts[0])
        guard !samples.isEmpty else { continue }
        var loss = network.loss(samples)
        if overflowing.contains(step), world.rank == 0, pass == 0 { loss = loss * 1e38 }
        scaler.scale(loss).backward()
      }
      scaler.unscale(optimizer)
      clipGradientNorm(network.parameters(), maximum: 0.75)
      scaler.step(optimizer)
      try scaler.update()
      outcome.weights.append(network.weights)
    }
    outcome.state = scaler.state
    return outcome
  }

  @Test(arguments: [DType.float32, .float16], [true, false])
  func anOverflowOnOneRankSkipsEverywhere(_ dtype: DType, _ sharingMemory: Bool) {
    let ranks = withSimulatedRanks(2, sharingMemory: sharingMemory) { world in
      try Self.train(
        over: world, overflowing: [1, 2], dtype, sharesOfRank: [[0, 8, 16], [16, 20, 32]])
    }
    #expect(ranks[0] == ranks[1])
    let weights = ranks[0].weights
    #expect(weights[0] == weights[1] && weights[1] == weights[2])
    #expect(weights[2] != weights[3])
    // 256, then halved twice, then doubled after two steps.
    #expect(ranks[0].state == ["scale": 128, "growth_tracker": 0, "skipped_steps": 2])
  }

  /// Two ranks take the steps that one takes.
  @Test(arguments: [DType.float32, .float16])
  func ranksTakeTheStepsOfOne(_ dtype: DType) throws {
    let one = try Self.train(
      over: SoloCommunicator(), overflowing: [3], dtype, sharesOfRank: [[0, 16], [16, 32]])
    let ranks = withThreadRanks(2) { world in
      try Self.train(
        over: world, overflowing: [3], dtype, sharesOfRank: [[0, 8, 16], [16, 20, 32]])
    }
    #expect(ranks[0] == ranks[1] && ranks[0].state == one.state)
    // Rounding of a gradient to Float16 moves a weight of at most 1 by its share of the step.
    let bound: Float = dtype == .float16 ? 4e-3 : 2e-6
    for (found, expected) in matched(ranks[0].weights, one.weights) {
      #expect(matched(found, expected).allSatisfy { abs($0 - $1) <= bound * (1 + abs($1)) })
    }
  }

  /// A rank without a part of the batch has gradients of other ranks only, and takes the same step.
  @Test func aRankWithoutSamplesTakesPart() {
    let ranks = withThreadRanks(2) { world in
      let network = SmallNetwork(seed: 1)
      network.averageGradients(over: world)
      let optimizer = SGD(network.parameters(), learningRate: 0.5)
      let scaler = GradientScaler(initialScale: 256)
      var weights: [[Float]] = []
      for factor: Float in [1, .infinity, 1] {
        optimizer.zeroGrad()
        world.step.batch = BatchShare(local: world.isRoot ? 8 : 0, global: 8)
        if world.isRoot {
          scaler.scale(network.loss(0..<8) * factor).backward()
        } else {
          scaler.scale(network.loss(0..<1) * 0).backward()
        }
        scaler.step(optimizer)
        try scaler.update()
        weights.append(network.weights)
      }
      return weights + [[scaler.lossScale, Float(scaler.skippedSteps)]]
    }
    #expect(ranks[0] == ranks[1])
    #expect(ranks[0][3] == [128, 1])
    #expect(ranks[0][0] == ranks[0][1] && ranks[0][1] != ranks[0][2])
  }

  @Test func convertingTooLateStops() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let network = SmallNetwork(seed: 1)
      network.averageGradients(over: SoloCommunicator())
      network.convert(to: .float16)
    }
    expectMessage(
      "convert: first.weight takes part in averageGradients; convert the model before", of: result)
  }
}
