import Communication
import DataLoading
import DataParallel
import Lockstep
import Support
import Testing

/// How a run of the tests is set up: everything that has a state of its own.
struct Setting: Sendable, CustomTestStringConvertible {
  var name: String
  var ranks = 1
  var reproducible = false
  var microBatches: Int?
  var precision = DType.float32
  var sharded = false
  var steps = 22
  var saving = Saving.every(steps: 4)

  var testDescription: String { name }
}

/// What a run comes to: digests of all that it has learned, and its lines of metrics.
struct Outcome: Equatable, Sendable {
  var weights: UInt64
  var optimizer: UInt64
  var scale: Float
  var drawn: UInt64
  var metrics: String
}

/// A network with dropout and batch normalization.
final class SmallNet: Module, Layer {
  let first = Linear(6, 16)
  let norm = BatchNorm1d(16)
  let dropout = Dropout(probability: 0.2)
  let second = Linear(16, 3)

  func forward(_ input: Tensor) -> Tensor {
    second(dropout(relu(norm(first(input)))))
  }
}

/// Trains in `directory` on one rank, and leaves the loop without a word after `stopAfter` steps in all.
///
/// 45 samples in batches of 12, which leave 9: epochs of 4 steps, shuffled; dropout and batch
/// normalization, noise from the default generator and one of its own, warm-up and cosine, clipping; an
/// evaluation every 5 steps and after each epoch.
func train(
  _ setting: Setting, in directory: String, over world: any Communicator, stopAfter: Int? = nil,
  say: @escaping (String) -> Void = { _ in }
) throws -> Outcome {
  Generator.seed(11)
  let noise = Generator(seed: 5)
  let random = Generator(seed: 3)
  let data = InMemoryDataset<Float, Int32>(
    inputs: Tensor.normal([45, 6], generator: random).floats, shape: [6],
    labels: Tensor.randomIntegers([45], in: 0..<3, generator: random).array(of: Int32.self))
  let model = SmallNet()
  model.convert(to: setting.precision)
  let reducer = model.averageGradients(over: world, reproducible: setting.reproducible)
  let optimizer = AdamW(model.parameters(), learningRate: 1e-2)
  if setting.sharded { optimizer.shardState(over: world) }
  let scaler = GradientScaler(
    initialScale: 1024, growthInterval: 3, isEnabled: setting.precision == .float16)
  let schedule = Schedule.cosine(from: 1e-2, to: 1e-3, over: 20).warmedUp(for: 3)
  var plateau = ReduceOnPlateau(from: 1, patience: 1)
  let batches = DataLoader(
    data, batchSize: 12, shuffledBy: 9, shardedOver: world, microBatches: setting.microBatches)

  let run = try Run(
    CheckpointStore(run: directory), over: world, setting.saving, saying: say)
  run.keep(model)
  run.keep(optimizer)
  run.keep(scaler)
  run.keep(noise, as: "noise")
  run.keep(as: "plateau", save: { plateau.state }, load: { try plateau.load(state: $0) })
  let samples = run.kept([String: Int](), as: "samples")
  try run.begin()

  func evaluate() {
    // Chance outside of batches, which goes on where it was: each rank's own, and one that all have.
    let own = Tensor.uniform([3]).sum().item()
    let common = Tensor.uniform([2], generator: noise).sum().item()
    run.evaluated(["split": .text("test"), "drawn": .number(own)], score: own)
    _ = plateau.rate(after: common)
  }
  loop: for epoch in run.epochs() {
    model.train()
    if run.step < setting.steps {
      for batch in run.rest(of: batches.epoch(epoch)).globalBatches {
        optimizer.learningRate = schedule.rate(at: run.step) * plateau.rate
        optimizer.zeroGrad()
        for (inputs, labels) in batch.microBatches {
          let output = model(inputs.converted(to: setting.precision)).converted(to: .float32)
          scaler.scale(crossEntropy(output, labels)).backward()
        }
        scaler.unscale(optimizer)
        clipGradientNorm(model.parameters(), maximum: 0.5)
        scaler.step(optimizer)
        try scaler.update()
        samples.value["epoch \(epoch)", default: 0] += batch.sampleCount
        if (run.step + 1) % 5 == 0 { evaluate() }
        try run.stepped([
          "loss": .number(reducer.loss), "rate": .float(optimizer.learningRate),
          "samples": .integer(samples.value.values.reduce(0, +)),
        ])
        if run.step == stopAfter { break loop }
        if run.step == setting.steps { break }
      }
    }
    evaluate()
    if run.step >= setting.steps { break }
  }
  if stopAfter == nil { try run.finish() }
  let state = optimizer.gatherState(over: world, naming: model.namedParameters())
  let numbers = state.numbers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
  return Outcome(
    weights: digest(model.stateDictionary().map(\.tensor)),
    optimizer: digest(state.tensors.sorted { $0.key < $1.key }.map(\.value))
      &+ digest(numbers.joined()), scale: scaler.lossScale,
    drawn: Generator.defaultState.position &+ noise.position,
    metrics: stopAfter == nil && world.isRoot
      ? text(ofFile: "\(directory)/metrics.jsonl") ?? "" : "")
}

/// Trains on as many ranks as the setting says, as threads; rank 0's outcome.
func train(
  _ setting: Setting, in directory: String, stopAfter: Int? = nil
) -> Outcome {
  withThreadRanks(setting.ranks) { world in
    try train(setting, in: directory, over: world, stopAfter: stopAfter)
  }[0]
}

private func digest(_ tensors: [Tensor]) -> UInt64 {
  tensors.map { tensor in
    let values = tensor.contiguous()
    defer { withExtendedLifetime(values) {} }
    return UnsafeRawBufferPointer(values.bytes).digest
  }.withUnsafeBytes { $0.digest }
}

private func digest(_ text: String) -> UInt64 {
  Array(text.utf8).withUnsafeBytes { $0.digest }
}
