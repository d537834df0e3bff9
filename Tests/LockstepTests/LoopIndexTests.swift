import Lockstep
import Testing

/// Where a loop gets its index from has no influence on gradients: `enumerated()` outside of the
/// model, the index as an argument of the model, and a plain range train to the same bits.
@Suite struct LoopIndexTests {
  private final class Scaled: Module {
    let linear = Linear(4, 1, generator: Generator(seed: 3))

    func callAsFunction(_ x: Tensor, index: Int) -> Tensor { linear(x) * Float(index + 1) }
  }

  private static var batches: [(Tensor, Tensor)] {
    (0..<5).map { index in
      let generator = Generator(seed: UInt64(index))
      return (.normal([8, 4], generator: generator), .normal([8, 1], generator: generator))
    }
  }

  /// Trains on `loss` of every batch, the loop being `loop`; returns the parameters.
  private func train(
    _ loop: (Training) -> Void, _ loss: @escaping (Scaled, Int, Tensor, Tensor) -> Tensor
  ) -> [Float] {
    let training = Training(loss)
    loop(training)
    return training.model.parameters().flatMap(\.floats)
  }

  private final class Training {
    let model = Scaled()
    private let loss: (Scaled, Int, Tensor, Tensor) -> Tensor
    private let optimizer: SGD

    init(_ loss: @escaping (Scaled, Int, Tensor, Tensor) -> Tensor) {
      self.loss = loss
      optimizer = SGD(model.parameters(), learningRate: 0.05, momentum: 0.9)
    }

    func step(_ index: Int, _ x: Tensor, _ y: Tensor) {
      optimizer.zeroGrad()
      loss(model, index, x, y).backward()
      optimizer.step()
    }
  }

  @Test func allLoopsTrainAlike() {
    let batches = Self.batches
    func insideModel(_ model: Scaled, _ index: Int, _ x: Tensor, _ y: Tensor) -> Tensor {
      mseLoss(model(x, index: index), y)
    }
    func outsideModel(_ model: Scaled, _ index: Int, _ x: Tensor, _ y: Tensor) -> Tensor {
      mseLoss(model.linear(x) * Float(index + 1), y)
    }
    func enumerating(_ training: Training) {
      for (i, (x, y)) in batches.enumerated() { training.step(i, x, y) }
    }
    func counting(_ training: Training) {
      for i in 0..<batches.count { training.step(i, batches[i].0, batches[i].1) }
    }
    let enumerated = train(enumerating, outsideModel)
    let handedIn = train(enumerating, insideModel)
    let counted = train(counting, insideModel)
    #expect(enumerated == handedIn)
    #expect(enumerated == counted)
    let untrained = Scaled().parameters().flatMap(\.floats)
    #expect(enumerated != untrained)
  }

  /// Summing y = x² + i over three iterations gives dy/dx = 3 · 2x, as stacking and summing does:
  /// every iteration counts, not only the last.
  @Test func gradientsOfAllIterationsAddUp() {
    let x = Tensor(Float(2))
    x.requiresGrad = true
    var total = Tensor(Float(0))
    for i in 0..<3 { total = total + (x * x + i) }
    total.backward()
    #expect(x.grad?.item() == 12)

    x.grad = nil
    stack((0..<3).map { x * x + $0 }).sum().backward()
    #expect(x.grad?.item() == 12)

    x.grad = nil
    for i in 0..<3 { (x * x + i).backward() }
    #expect(x.grad?.item() == 12)
  }
}
