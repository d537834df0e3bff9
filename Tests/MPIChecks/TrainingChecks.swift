import Lockstep

let trainingChecks = [
  NamedCheck("trainsInLockstep") { world in
    for optimizer in ["sgd", "adamw"] { trainBesideSerialRun(world, optimizer) }
  },
  NamedCheck("differentModels") { world in
    let model = Sequential(Linear(4, 3), Linear(3, world.rank == world.size - 1 ? 5 : 2))
    model.averageGradients(over: world)
  },
  NamedCheck("misuseOnLast") { world in
    let model = Sequential(Sequential(Linear(4, 3)), Tanh())
    let columns = isLast(world) ? 5 : 4
    _ = model(Tensor.zeros([2, columns]))
    world.barrier()
  },
  NamedCheck("addsUpWithoutZeroGrad", checkAddingUp),
  NamedCheck("averagesNothing") { _ in
    let model = Linear(2, 2)
    let optimizer = SGD(model.parameters(), learningRate: 0.1)
    for _ in 0..<2 {
      model(Tensor.ones([1, 2])).sum().backward()
      optimizer.step()
    }
  },
  NamedCheck("ordersDiffer") { world in
    let model = Linear(20, 7)
    model.averageGradients(over: world)
    let batches = DataLoader(
      makeData(), batchSize: 24, shuffledBy: UInt64(world.rank / 2), shardedOver: world)
    for (x, y) in batches.epoch(1) { crossEntropy(model(x), y).backward() }
  },
]

/// 99 samples in batches of 24: no rank count divides the last batch of 3, and with 4 ranks one has
/// none of it.
private func makeData() -> InMemoryDataset<Float, Int32> {
  let random = Generator(seed: 5)
  return InMemoryDataset(
    inputs: Tensor.normal([99, 20], generator: random).floats, shape: [20],
    labels: Tensor.randomIntegers([99], in: 0..<7, generator: random).array(of: Int32.self))
}

private func makeModel(seed: UInt64) -> Sequential {
  let random = Generator(seed: seed)
  return Sequential(Linear(20, 33, generator: random), Tanh(), Linear(33, 7, generator: random))
}

private func makeOptimizer(_ name: String, _ model: Module) -> any Optimizer {
  name == "sgd"
    ? SGD(model.parameters(), learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3)
    : AdamW(model.parameters(), learningRate: 1e-3)
}

/// Trains 20 steps on all ranks, comparing the parameters of all ranks after each, and beside it a
/// serial run on the joined batches, which must end with the same parameters up to rounding.
private func trainBesideSerialRun(_ world: any Communicator, _ name: String) {
  let data = makeData()
  let model = makeModel(seed: UInt64(world.rank))  // rank 0's must win
  let serial = makeModel(seed: 0)
  model.averageGradients(over: world)
  let (optimizer, serialOptimizer) = (makeOptimizer(name, model), makeOptimizer(name, serial))
  let shared = DataLoader(data, batchSize: 24, shuffledBy: 3, shardedOver: world)
  let joined = DataLoader(data, batchSize: 24, shuffledBy: 3)
  for epoch in 1...4 {
    var batches = 0
    for ((x, y), (allX, allY)) in zip(shared.epoch(epoch), joined.epoch(epoch)) {
      batches += 1
      step(model, optimizer, x, y)
      step(serial, serialOptimizer, allX, allY)
      requireEqualParameters(model, world)
    }
    check(batches == joined.count, "\(batches) batches of \(joined.count)")
  }
  for (mine, theirs) in zip(model.namedParameters(), serial.namedParameters()) {
    let differences = zip(mine.tensor.floats, theirs.tensor.floats).map { abs($0 - $1) }
    let scale = theirs.tensor.floats.map(abs).max() ?? 0
    check(
      differences.count == mine.tensor.count && differences.allSatisfy { $0 <= 1e-5 * scale },
      """
      \(name): \(mine.name) differs from the serial run by \(differences), of values up to \
      \(scale)
      """)
  }
}

private func step(_ model: Sequential, _ optimizer: any Optimizer, _ x: Tensor, _ y: Tensor) {
  optimizer.zeroGrad()
  crossEntropy(model(x), y).backward()
  optimizer.step()
}

private func requireEqualParameters(_ model: Module, _ world: any Communicator) {
  for (name, tensor) in model.namedParameters() {
    let mine = tensor.floats.map(\.bitPattern)
    var all = [UInt32](repeating: 0, count: mine.count * world.size)
    mine.withUnsafeBytes { mine in
      all.withUnsafeMutableBytes { world.allGather(mine, into: $0) }
    }
    for rank in 0..<world.size {
      check(
        mine.elementsEqual(all[rank * mine.count..<(rank + 1) * mine.count]),
        "\(name) of rank \(rank) differs from that of rank \(world.rank)")
    }
  }
}

/// Two passes without `zeroGrad` give the sum of two averaged gradients, not more.
private func checkAddingUp(_ world: any Communicator) {
  let model = Linear(3, 1, bias: false)
  model.weight.fill(0)
  model.averageGradients(over: world)
  let x = Tensor.full([2, 3], Float(world.rank + 1))
  for pass in 1...3 {
    model(x).mean().backward()
    // The mean over all ranks of rank + 1.
    let expected = Float(pass * (world.size + 1)) / 2
    let found = model.weight.grad?.floats ?? []
    check(
      found.count == 3 && found.allSatisfy { abs($0 - expected) < 1e-5 * expected },
      "pass \(pass): gradient \(found), expected \(expected)")
  }
}
