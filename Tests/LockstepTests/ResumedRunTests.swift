import Lockstep
import TestSupport
import Testing

/// A run that is stopped, saved to files and gone on with by new objects, as after a restart.
@Suite struct ResumedRunTests {
  /// A network with halves and floats, its optimiser and its scaler.
  private struct Run {
    let model = Sequential(
      Linear(64, 24, generator: Generator(seed: 1)), LayerNorm(24), ReLU(),
      Linear(24, 10, generator: Generator(seed: 2)))
    let optimizer: AdamW
    let scaler: GradientScaler
    let batches = DataLoader(Digits(.test), batchSize: 40, shuffledBy: 3, prefetching: 0)
    var epoch: Epoch

    init() {
      model.convert(to: .float16)
      optimizer = AdamW(model.parameters(), learningRate: 0.01)
      scaler = GradientScaler(initialScale: 1024, growthInterval: 3)
      epoch = batches.epoch(1)
    }

    /// The next `steps` steps; one of them overflows.
    func train(_ steps: Int, overflowingAt overflow: Int? = nil) throws {
      for (step, (x, y)) in zip(0..<steps, epoch) {
        optimizer.zeroGrad()
        let factor: Float = step == overflow ? 1e38 : 1
        let logits = model(x.converted(to: .float16)).converted(to: .float32)
        scaler.scale(crossEntropy(logits, y) * factor).backward()
        scaler.step(optimizer)
        try scaler.update()
      }
    }

    /// What a later run needs, in the files `model` and `state` of `directory`.
    func save(in directory: TemporaryDirectory) throws {
      try model.save(to: "\(directory.path)/model")
      let state = optimizer.state(naming: model.namedParameters())
      var numbers = state.numbers.merging(scaler.state.map { ("scaler." + $0, $1) }) { $1 }
      numbers["batch"] = Double(epoch.position.batch)
      try SafeTensors.write(
        state.tensors.map { ($0, $1) }, metadata: numbers.mapValues { "\($0)" },
        to: "\(directory.path)/state")
    }

    mutating func resume(from directory: TemporaryDirectory) throws {
      try model.load(from: "\(directory.path)/model")
      let file = try SafeTensors.read("\(directory.path)/state")
      var numbers = file.metadata.compactMapValues { Double($0) }
      let batch = numbers.removeValue(forKey: "batch")
      epoch = batches.epoch(1, from: Int(try #require(batch)))
      let scaling = numbers.filter { $0.key.hasPrefix("scaler.") }
      try scaler.load(
        state: Dictionary(
          uniqueKeysWithValues: scaling.map { (String($0.dropFirst("scaler.".count)), $1) }))
      let tensors = try file.names.map { ($0, try file.tensor($0)) }
      try optimizer.load(
        state: OptimizerState(
          optimizerName: optimizer.state.optimizerName,
          tensors: Dictionary(uniqueKeysWithValues: tensors),
          numbers: numbers.filter { scaling[$0.key] == nil }),
        naming: model.namedParameters())
    }
  }

  @Test func aFloat16RunGoesOnWithTheSameBits() throws {
    let directory = try TemporaryDirectory()
    let straight = Run()
    try straight.train(8, overflowingAt: 2)
    let stopped = Run()
    try stopped.train(5, overflowingAt: 2)
    try stopped.save(in: directory)
    var resumed = Run()
    try resumed.resume(from: directory)
    try resumed.train(3)
    #expect(resumed.scaler.skippedSteps == 1 && resumed.scaler.state == straight.scaler.state)
    for (tensor, expected) in zip(
      resumed.model.namedParameters(), straight.model.namedParameters())
    {
      #expect(tensor.tensor.floats == expected.tensor.floats, "\(expected.name)")
    }
    let (found, expected) = (resumed.optimizer.state, straight.optimizer.state)
    #expect(found.numbers == expected.numbers)
    #expect(found.tensors.mapValues(\.floats) == expected.tensors.mapValues(\.floats))
    #expect(expected.tensors.keys.contains { $0.hasSuffix(".master") })
  }
}
