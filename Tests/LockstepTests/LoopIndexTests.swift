import Lockstep
import Testing

/// Where a loop gets its index from has no influence on gradients: `enumerated()` outside of the model, the index as
/// an argument of the model, and a plain range train to the same bits.
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

  private func train(
    _ loop: ((_ index: Int, _ x: Tensor, _ y: Tensor) -> Void) -> Void,
    _ loss: (
      Scaled, Int, Tensor, Tensor
    ) -> Tensor
  ) -> [Float] {
    let model = Scaled()
    let optimizer = SGD(model.parameters(), learningRate: 0.05, momentum: 0.9)
    loop { index, x, y in
      optimizer.zeroGrad()
      loss(model, index, x, y).backward()
      optimizer.step()
    }
    return model.parameters().flatMap(\.floats)
  }

  @Test func allLoopsTrainAlike() {
    let insideModel = { (model: Scaled, index: Int, x: Tensor, y: Tensor) in
      mseLoss(model(x, index: index), y)
    }
    let outsideModel = { (model: Scaled, index: Int, x: Tensor, y: Tensor) in
      mseLoss(model.linear(x) * Float(index + 1), y)
    }
    let enumerated = train(
      { body in
        for (i, (x, y)) in Self.batches.enumerated() { body(i, x, y) }
      }, outsideModel)
    let handedIn = train(
      { body in
        for (i, (x, y)) in Self.batches.enumerated() { body(i, x, y) }
      }, insideModel)
    let range = train(
      { body in
        for i in 0..<Self.batches.count { body(i, Self.batches[i].0, Self.batches[i].1) }
      }, insideModel)
    #expect(enumerated == handedIn)
    #expect(enumerated == range)
    #expect(enumerated != Scaled().parameters().flatMap(\.floats), "nothing was trained")
  }

  /// Summing y = x² + i over three iterations gives dy/dx = 3 · 2x, as stacking and summing does: every iteration
  /// counts, not only the last.
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
