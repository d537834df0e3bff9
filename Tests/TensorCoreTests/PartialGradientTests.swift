import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct PartialGradientTests {
  @Test func gradientsLeaveGradAlone() throws {
    let (x, w) = (leaf([1, 2]), leaf([3, 4]))
    let y = x * w
    let found = gradients(of: (y * y).sum(), wrt: [x, y, w])
    #expect(found.map { $0?.floats } == [[18, 64], [6, 16], [6, 32]])
    #expect(x.grad == nil && w.grad == nil)
  }

  @Test func anUnreachedInputHasNone() {
    let (x, other) = (leaf([1]), leaf([2]))
    #expect(gradients(of: x.sum(), wrt: [other, x]).map { $0?.floats } == [nil, [1]])
  }

  @Test func retainedGraphsGiveTheSameAgain() {
    let x = leaf([2])
    let y = x * x * x
    let first = gradients(of: y, wrt: [x], retainGraph: true)
    let second = gradients(of: y, wrt: [x])
    #expect(first.map { $0?.floats } == [[12]])
    #expect(second.map { $0?.floats } == [[12]])
  }

  @Test func retainGradKeepsWhatABranchReceives() {
    let x = leaf([1, 2])
    let y = x * 3
    y.retainGrad()
    #expect(y.grad == nil)
    (y * y + y).sum().backward()
    #expect(y.grad?.floats == [7, 13])
    #expect(x.grad?.floats == [21, 39])
  }
}

@Suite(.serialized) struct HookTests {
  @Test func hooksSeeAndReplaceTheCompleteGradient() {
    let x = leaf([1, 2])
    let y = x * 2
    var seen: [[Float]] = []
    y.registerHook { gradient in
      seen.append(gradient.floats)
      return gradient * 10
    }
    (y + y * y).sum().backward()
    #expect(seen == [[5, 9]], "once, with the sum of both uses")
    #expect(x.grad?.floats == [100, 180])
  }

  @Test func leafHooksRunBeforeAccumulation() {
    let x = leaf([1])
    let hook = x.registerHook { $0 * 0.5 }
    for _ in 0..<2 { (x * 2 + x * 4).sum().backward() }
    #expect(x.grad?.floats == [6])
    hook.remove()
    (x * 2).sum().backward()
    #expect(x.grad?.floats == [8])
  }

  @Test func leavesSayWhenTheyAreComplete() {
    let (early, late) = (leaf([1]), leaf([1]))
    var order: [String] = []
    early.registerPostAccumulateGradHook { order.append("early \($0.grad?.floats ?? [])") }
    let hook = late.registerPostAccumulateGradHook { _ in order.append("late") }
    ((early * 2 + early) * late).sum().backward()
    #expect(order == ["late", "early [3.0]"], "the last layer first, and each once")
    hook.remove()
    (late * 1).sum().backward()
    #expect(order.count == 2)
  }
}

/// The product of two tensors, both gradients from one computation.
private struct Product: DifferentiableFunction {
  var counted: Counter?

  final class Counter {
    var backward = 0
  }

  func forward(_ inputs: [Tensor], _ context: FunctionContext) -> Tensor {
    context.save(inputs[0], inputs[1])
    return inputs[0] * inputs[1]
  }

  func backward(_ gradient: Tensor, _ context: FunctionContext) -> [Tensor?] {
    counted?.backward += 1
    return [gradient * context.saved[1], gradient * context.saved[0]]
  }
}

@Suite(.serialized) struct CustomFunctionTests {
  @Test func ownGradientsAreUsed() {
    let counter = Product.Counter()
    let (x, w) = (leaf([1, 2]), leaf([3, 4]))
    apply(Product(counted: counter), to: x, w).sum().backward(retainGraph: true)
    #expect(x.grad?.floats == [3, 4])
    #expect(w.grad?.floats == [1, 2])
    #expect(counter.backward == 1, "once for both inputs")
  }

  @Test func ownGradientsAgreeWithFiniteDifferences() {
    checkGradients(at: [gridValues([3, 4], seed: 1), gridValues([3, 4], seed: 2)]) {
      tanh(apply(Product(), to: $0[0], $0[1]))
    }
  }

  @Test func constantsNeedNone() {
    let x = leaf([1, 2])
    let constant = Tensor([5, 6] as [Float])
    apply(Product(), to: constant, x).sum().backward()
    #expect(x.grad?.floats == [5, 6])
    #expect(!apply(Product(), to: constant, constant).requiresGrad)
  }
}

@Suite(.serialized) struct CheckpointTests {
  /// The gradients of inputs and of parameters used inside are those without checkpointing, to the
  /// bit.
  @Test func gradientsAreThoseOfTheSegment() {
    func run(_ isCheckpointed: Bool) -> [[Float]] {
      let (x, w) = (leaf([0.5, -1]), leaf([0.25, 2]))
      let segment = { (inputs: [Tensor]) in tanh(inputs[0] * w) * w + sigmoid(inputs[0]) }
      let hidden = x * 3
      let y = isCheckpointed ? checkpoint(hidden, segment: segment) : segment([hidden])
      (y * y).sum().backward()
      return [x.grad?.floats ?? [], w.grad?.floats ?? []]
    }
    #expect(run(true) == run(false))
  }

  @Test func randomNumbersAreDrawnAgain() {
    let x = leaf([Float](repeating: 1, count: 50))
    let y = checkpoint(x) { $0[0] * Tensor.uniform([50]) }
    y.sum().backward()
    #expect(x.grad?.floats == y.floats, "the gradient of x · r at x = 1 is r, as drawn forward")
  }

  @Test func intermediateValuesAreNotKept() async {
    await #expect(processExitsWith: .success) {
      let x = leaf([Float](repeating: 0.5, count: 1 << 20))
      let segment = { (inputs: [Tensor]) in (0..<8).reduce(inputs[0]) { y, _ in tanh(y) } }
      func held(_ make: () -> Tensor) -> Int {
        let before = MemoryPool.statistics.usedBytes
        let result = make()
        defer { withExtendedLifetime(result) {} }
        return MemoryPool.statistics.usedBytes - before
      }
      // 8 values of 4 MB against the result alone.
      #expect(held { segment([x]) } >= 32 << 20)
      #expect(held { checkpoint(x, segment: segment) } < 5 << 20)
    }
  }
}

private func takeTheRootOfZero() {
  let x = leaf([0])
  (x.squareRoot() * 2).sum().backward()
}

@Suite(.serialized) struct AnomalyTests {
  @Test func theFirstOperationIsNamed() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { detectAnomaly { takeTheRootOfZero() } }
    expectMessage(
      "detectAnomaly: the gradient of squareRoot, called at PartialGradientTests.swift:", of: result
    )
  }

  @Test func finiteGradientsPass() {
    let x = leaf([4])
    detectAnomaly { x.squareRoot().sum().backward() }
    #expect(x.grad?.floats == [0.25])
  }
}
