import Lockstep

let accumulationChecks = [
  NamedCheck("accumulatesBesideSerialRun", accumulateBesideSerialRun),
  NamedCheck("reproducible") { world in
    // FNV-1a over 32-bit words: mpirun mixes long lines with those of other ranks.
    let hash = trainReproducibly(
      makeModel(), on: makeData(), shuffledBy: 3, learningRate: 1e-2, over: world
    ).reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    world.onRoot { print("weights \(hash)") }
  },
  NamedCheck("unusedParameter") { world in
    let (used, unused) = (Linear(3, 1), Linear(4, 2, bias: false))
    let model = ModuleList([used, unused])
    model.averageGradients(over: world)
    for _ in 0..<2 {
      for parameter in model.parameters() { parameter.grad = nil }
      // The last rank's loss reaches one parameter fewer.
      let x = Tensor.ones([2, 3])
      let isLast = world.rank == world.size - 1 && world.size > 1
      let result = isLast ? linear(x, used.weight) : used(x)
      result.mean().backward()
      check(unused.weight.grad == nil, "unusedParameter: a gradient from nowhere")
      let expected = world.size > 1 ? Float(world.size - 1) / Float(world.size) : 1
      let found = used.bias?.grad?.floats ?? []
      check(
        found.count == 1 && abs(found[0] - expected) < 1e-6,
        "unusedParameter: gradient \(found) of a parameter that the last rank does not use")
    }
  },
  NamedCheck("collectiveInOnRoot") { world in
    world.onRoot { _ = world.sum([1]) }
    world.barrier()
  },
]

/// 50 samples in batches of 24, which leave 2.
private func makeData() -> InMemoryDataset<Float, Int32> {
  let random = Generator(seed: 15)
  return InMemoryDataset(
    inputs: Tensor.normal([50, 20], generator: random).floats, shape: [20],
    labels: Tensor.randomIntegers([50], in: 0..<7, generator: random).array(of: Int32.self))
}

private func makeModel() -> Sequential {
  let random = Generator(seed: 16)
  return Sequential(
    Linear(20, 33, generator: random), Tanh(), Linear(33, 7, generator: random))
}

/// Trains four epochs of batches of 24 in reproducible mode; returns the bits of the weights.
func trainReproducibly(
  _ model: Sequential, on data: InMemoryDataset<Float, Int32>, shuffledBy seed: UInt64,
  learningRate: Float, over world: any Communicator
) -> [UInt32] {
  Generator.seed(9)
  model.averageGradients(over: world, reproducible: true)
  let optimizer = AdamW(model.parameters(), learningRate: learningRate)
  let batches = DataLoader(
    data, batchSize: 24, shuffledBy: seed, shardedOver: world, microBatches: 8)
  for epoch in 1...4 {
    for batch in batches.epoch(epoch).globalBatches {
      optimizer.zeroGrad()
      for (x, y) in batch.microBatches {
        crossEntropy(model(dropout(x, probability: 0.25)), y).backward()
      }
      optimizer.step()
    }
  }
  return model.parameters().flatMap { $0.floats.map(\.bitPattern) }
}

/// Steps of 3 micro-batches for each rank against steps over the whole batch on one.
private func accumulateBesideSerialRun(_ world: any Communicator) {
  let (model, serial) = (makeModel(), makeModel())
  model.averageGradients(over: world)
  let (optimizer, serialOptimizer) = (
    SGD(model.parameters(), learningRate: 0.1, momentum: 0.9),
    SGD(serial.parameters(), learningRate: 0.1, momentum: 0.9)
  )
  let cut = DataLoader(
    makeData(), batchSize: 24, shuffledBy: 3, shardedOver: world, microBatches: 3 * world.size)
  let whole = DataLoader(makeData(), batchSize: 24, shuffledBy: 3)
  for epoch in 1...4 {
    var batches = 0
    for (batch, (x, y)) in zip(cut.epoch(epoch).globalBatches, whole.epoch(epoch)) {
      batches += 1
      optimizer.zeroGrad()
      for (x, y) in batch.microBatches { crossEntropy(model(x), y).backward() }
      optimizer.step()
      serialOptimizer.zeroGrad()
      crossEntropy(serial(x), y).backward()
      serialOptimizer.step()
    }
    check(batches == whole.count, "\(batches) batches of \(whole.count)")
  }
  for (mine, theirs) in zip(model.namedParameters(), serial.namedParameters()) {
    let differences = zip(mine.tensor.floats, theirs.tensor.floats).map { abs($0 - $1) }
    check(
      differences.count == mine.tensor.count && differences.allSatisfy { $0 <= 1e-5 },
      "\(mine.name) differs from the serial run by \(differences)")
  }
}
