import Lockstep
import TestSupport
import Testing

/// What the explicit loop allows: several inputs, outputs and losses, changing architectures,
/// clipping, schedules and validation.
@Suite struct ExplicitLoopTests {
  private final class TwoHeaded: Module {
    let left = Linear(3, 4, generator: Generator(seed: 1))
    let right = Linear(2, 4, generator: Generator(seed: 2))
    let deep: ModuleList = [
      Linear(4, 4, generator: Generator(seed: 3)), Linear(4, 4, generator: Generator(seed: 4)),
    ]
    let classes = Linear(4, 3, generator: Generator(seed: 5))
    let value = Linear(4, 1, generator: Generator(seed: 6))

    /// `depth` of the deep layers are used: the architecture changes from batch to batch.
    func callAsFunction(_ a: Tensor, _ b: Tensor, depth: Int) -> (classes: Tensor, value: Tensor) {
      var h = tanh(left(a) + right(b))
      for layer in deep[..<depth] { h = relu(layer(h)) }
      return (classes(h), value(h))
    }
  }

  @Test func severalInputsOutputsLossesAndArchitectures() {
    let model = TwoHeaded()
    let optimizer = AdamW(model.parameters(), learningRate: 0.02)
    let random = Generator(seed: 9)
    let (a, b) = (
      Tensor.normal([16, 3], generator: random), Tensor.normal([16, 2], generator: random)
    )
    let labels = Tensor.randomIntegers([16], in: 0..<3, generator: random)
    let targets = Tensor.normal([16, 1], generator: random)
    var losses: [Double] = []
    for step in 0..<240 {
      let output = model(a, b, depth: step % 3)
      // A loss of one's own is any scalar.
      let ownLoss = (output.value - targets).squared().mean()
      let loss = crossEntropy(output.classes, labels) + ownLoss * 0.5
      optimizer.zeroGrad()
      loss.backward()
      #expect(
        (model.deep[1].weight.grad == nil) == (step % 3 < 2), "an unused layer has no gradient")
      optimizer.step()
      losses.append(loss.item())
    }
    let first: Double = losses.prefix(3).reduce(0, +)
    let last: Double = losses.suffix(3).reduce(0, +)
    #expect(last < 0.6 * first)
  }

  /// Gradients of parts of a batch, weighted by their size, add up to that of the whole:
  /// accumulation is nothing but leaving out `zeroGrad`.
  @Test func accumulationEqualsTheWholeBatch() {
    let model = Linear(5, 3, generator: Generator(seed: 1))
    let x = Tensor.normal([12, 5], generator: Generator(seed: 2))
    let y = Tensor.randomIntegers([12], in: 0..<3, generator: Generator(seed: 3))
    crossEntropy(model(x), y).backward()
    let whole = model.weight.grad?.floats.map(Double.init) ?? []
    model.weight.grad = nil
    for (lower, upper) in [(0, 4), (4, 5), (5, 12)] {
      let share = Float(upper - lower) / 12
      (crossEntropy(model(x[lower..<upper]), y[lower..<upper]) * share).backward()
    }
    expectClose(model.weight.grad?.floats ?? [], to: whole)
  }

  @Test func clippingLimitsTheNormOfAllGradients() {
    let (a, b) = (Tensor([3, 0] as [Float]), Tensor([0, 4] as [Float]))
    for tensor in [a, b] { tensor.requiresGrad = true }
    (a * a).sum().backward()
    (b * b).sum().backward()
    #expect(clipGradientNorm([a, b], maximum: 5) == 10)
    expectClose(a.grad?.floats ?? [], to: [3, 0])
    expectClose(b.grad?.floats ?? [], to: [0, 4])
    #expect(clipGradientNorm([a, b], maximum: 100) < 5.001, "below the maximum nothing changes")
    clipGradientValues([a, b], maximum: 1)
    #expect(b.grad?.floats == [0, 1])
  }

  @Test func validationWithEvalAndNoGrad() {
    let generator = Generator(seed: 1)
    let model = Sequential(
      Linear(64, 32, generator: generator), ReLU(), Linear(32, 10, generator: generator))
    let schedule = Schedule.cosine(from: 0.01, to: 0.001, over: 120).warmedUp(for: 5)
    let optimizer = AdamW(model.parameters())
    let batches = DataLoader(Digits(.train), batchSize: 64, shuffledBy: 1)
    var step = 0
    for epoch in 1...5 {
      model.train()
      for (images, labels) in batches.epoch(epoch) {
        optimizer.learningRate = schedule.rate(at: step)
        optimizer.zeroGrad()
        crossEntropy(model(images), labels).backward()
        optimizer.step()
        step += 1
      }
    }
    model.eval()
    var correct = 0
    noGrad {
      for (images, labels) in DataLoader(Digits(.test), batchSize: 100).epoch(0) {
        let logits = model(images)
        #expect(!logits.requiresGrad)
        correct += correctPredictions(logits, labels)
      }
    }
    let accuracy = Double(correct) / Double(Digits(.test).count)
    #expect(accuracy > 0.93)
    #expect(!model.isTraining)
  }
}
