import Optimizers
import TensorCore
import TestSupport
import Testing

private func parameter(_ values: [Float]) -> Tensor {
  let tensor = Tensor(values)
  tensor.requiresGrad = true
  return tensor
}

@Suite(.serialized) struct OptimizerTests {
  @Test func stepsOnlyWhatHasAGradient() {
    let (a, b) = (parameter([1, 2]), parameter([3]))
    let optimizer = SGD([a, b], learningRate: 0.5)
    a.grad = Tensor([1, -1] as [Float])
    optimizer.step()
    #expect(a.floats == [0.5, 2.5] && b.floats == [3])
  }

  @Test func zeroGradForgets() {
    let a = parameter([1])
    let optimizer = SGD([a], learningRate: 0.5)
    for _ in 0..<2 {
      optimizer.zeroGrad()
      #expect(a.grad == nil)
      (a * 2).backward()
      #expect(a.grad?.floats == [2])
    }
  }

  @Test func learningRateCanChange() {
    let a = parameter([1])
    let optimizer: any Optimizer = SGD([a], learningRate: 0.5)
    a.grad = Tensor([1] as [Float])
    optimizer.learningRate = 0.25
    optimizer.step()
    #expect(a.floats == [0.75])
  }

  @Test func stepRaisesTheVersion() {
    let a = parameter([1])
    a.grad = Tensor([1] as [Float])
    let version = a.storage.version
    Adam([a]).step()
    #expect(a.storage.version > version && a.storage.lastWriter.description == "Optimizer.step")
  }

  /// A parameter that is reached late begins with its own first step.
  @Test func everyParameterCountsItsOwnSteps() {
    let (early, late, fresh) = (parameter([1]), parameter([1]), parameter([1]))
    let optimizer = Adam([early, late], learningRate: 0.1)
    early.grad = Tensor([1] as [Float])
    for _ in 0..<5 { optimizer.step() }
    late.grad = Tensor([0.3] as [Float])
    optimizer.step()
    fresh.grad = Tensor([0.3] as [Float])
    Adam([fresh], learningRate: 0.1).step()
    #expect(late.floats == fresh.floats)
    expectClose(fresh.floats, to: [0.9], within: Tolerance(relative: 1e-6, absolute: 0))
  }

  /// Updates are shared out over threads; large parameters must get what small ones get.
  @Test(arguments: ["sgd", "adam"])
  func largeParametersAreUpdatedLikeSmallOnes(_ name: String) {
    let count = 200_003
    let values = gridValues([count], seed: 4).floats
    let gradients = gridValues([count], seed: 5).floats
    let whole = parameter(values)
    let bounds = Array(stride(from: 0, through: count, by: 999)) + [count]
    let ranges = zip(bounds, bounds.dropFirst()).map { $0..<$1 }
    let parts = ranges.map { parameter(Array(values[$0])) }
    let optimizers = [[whole], parts].map { tensors -> any Optimizer in
      name == "sgd" ? SGD(tensors, learningRate: 0.1, momentum: 0.9) : Adam(tensors)
    }
    for _ in 0..<3 {
      whole.grad = Tensor(gradients)
      for (part, range) in zip(parts, ranges) { part.grad = Tensor(Array(gradients[range])) }
      for optimizer in optimizers { optimizer.step() }
    }
    #expect(whole.floats == parts.flatMap(\.floats))
  }

  @Test func trainsALeastSquaresFit() {
    let x = gridValues([64, 3], seed: 1)
    let target = linear(x, Tensor([[2, -1, 0.5]] as [[Float]]), Tensor([0.25] as [Float]))
    let (weight, bias) = (Tensor.zeros([1, 3]), Tensor.zeros([1]))
    for tensor in [weight, bias] { tensor.requiresGrad = true }
    let optimizer = SGD([weight, bias], learningRate: 0.1, momentum: 0.9)
    for _ in 0..<300 {
      optimizer.zeroGrad()
      mseLoss(linear(x, weight, bias), target).backward()
      optimizer.step()
    }
    expectClose(weight.floats + bias.floats, to: [2, -1, 0.5, 0.25])
  }

  private static let misuses: [Misuse] = [
    Misuse("SGD: no parameters to train") { _ = SGD([] as [Tensor], learningRate: 1) },
    Misuse("is no leaf that requires a gradient") { _ = SGD([Tensor.zeros([2])], learningRate: 1) },
    Misuse("Adam: learning rate -1.0 is negative") { _ = Adam([parameter([1])], learningRate: -1) },
    Misuse("parameter 1 of shape [2, 2] is no leaf") {
      let strided = Tensor.zeros([2, 2]).transposed()
      strided.requiresGrad = true
      _ = AdamW([parameter([1]), strided])
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
