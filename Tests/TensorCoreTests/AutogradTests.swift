import TensorCore
import TestSupport
import Testing

/// A vector that requires a gradient.
func leaf(_ values: [Float]) -> Tensor {
  let tensor = Tensor(values)
  tensor.requiresGrad = true
  return tensor
}

@Suite struct AutogradTests {
  @Test func passesAddUp() {
    let x = leaf([1, 2])
    for passes in 1...3 {
      (x * x).sum().backward()
      #expect(x.grad?.floats == [2, 4].map { $0 * Float(passes) })
    }
    x.grad = nil
    #expect(x.grad == nil)
    (x * 3).sum().backward()
    #expect(x.grad?.floats == [3, 3])
  }

  @Test func fanOutIsSummed() {
    let x = leaf([3])
    let y = x * x  // one tensor twice in one operation
    let z = y * y + y + x  // y three times, x at two depths: x⁴ + x² + x
    z.backward()
    #expect(x.grad?.floats == [4 * 27 + 2 * 3 + 1])
  }

  @Test func sharedContributionsAreNotAddedInPlace() {
    // The last sum passes one tensor on to `inner` and to `y`, where another is added to it.
    let (a, b) = (leaf([1]), leaf([1]))
    let y = a * 1
    let inner = y + b
    (inner + y).backward()
    #expect(a.grad?.floats == [2])
    #expect(b.grad?.floats == [1])
  }

  @Test func gradientThatWasPassedInIsKept() {
    let x = leaf([1, 2])
    let seed = Tensor([10, 20] as [Float])
    let y = x + x
    y.backward(gradient: seed, retainGraph: true)
    y.backward(gradient: seed)
    #expect(seed.floats == [10, 20])
    #expect(x.grad?.floats == [40, 80])
  }

  @Test func retainedGraphGivesTheSameAgain() {
    let x = leaf([0.5, -1])
    let loss = (tanh(x) * x.exp()).sum()
    loss.backward(retainGraph: true)
    let first = x.grad?.floats
    x.grad = nil
    loss.backward()
    #expect(x.grad?.floats == first)
  }

  @Test func broadcastGradientsAreSummedToTheInputsShape() {
    let row = leaf([1, 2, 3, 4])
    let column = Tensor([1, 2, 3] as [Float], shape: [3, 1])
    let scalar = Tensor(Float(2))
    for tensor in [column, scalar] { tensor.requiresGrad = true }
    (row * column * scalar).backward(gradient: .ones([3, 4]))
    #expect(row.grad?.floats == [12, 12, 12, 12])
    #expect(column.grad?.shape == [3, 1])
    #expect(column.grad?.floats == [20, 20, 20])
    #expect(scalar.grad?.shape == [])
    #expect(scalar.grad?.item() == 60)
  }

  @Test func noGradRecordsNothing() {
    let x = leaf([1])
    let y = noGrad {
      #expect(!isGradientEnabled)
      noGrad { #expect(!isGradientEnabled) }
      #expect(!isGradientEnabled)
      return x * x
    }
    #expect(isGradientEnabled)
    #expect(!y.requiresGrad)
    struct Failure: Error {}
    #expect(throws: Failure.self) { try noGrad { throw Failure() } }
    #expect(isGradientEnabled)
  }

  @Test func detachStopsTheGradient() {
    let x = leaf([3])
    let y = x * x
    #expect(y.requiresGrad && !y.detached().requiresGrad)
    (y.detached() * x).backward()
    #expect(x.grad?.floats == [9])
    #expect(y.detached().storage === y.storage)
  }

  @Test func untouchedLeavesHaveNoGradient() {
    let (x, y) = (leaf([1]), leaf([1]))
    (x * 2).backward()
    #expect(x.grad != nil && y.grad == nil)
  }

  @Test func leafIsItsOwnRoot() {
    let x = leaf([5])
    x.backward()
    x.backward(gradient: Tensor([2] as [Float]))
    #expect(x.grad?.floats == [3])
  }

  @Test func emptyTensorsHaveEmptyGradients() {
    let x = Tensor.zeros([0, 3])
    let w = Tensor.ones([2, 3])
    for tensor in [x, w] { tensor.requiresGrad = true }
    let loss = linear(x, w).sum()
    #expect(loss.item() == 0)
    loss.backward()
    #expect(x.grad?.shape == [0, 3])
    expectClose(w.grad ?? x, to: .zeros([2, 3]))
  }

  @Test func gradientOfASmallDivisorDoesNotOverflow() {
    let (a, b) = (leaf([1e-25]), leaf([1e-25]))
    (a / b).backward()
    expectClose(a.grad?.floats ?? [], to: [1e25], within: .init(relative: 1e-6, absolute: 0))
    expectClose(b.grad?.floats ?? [], to: [-1e25], within: .init(relative: 1e-6, absolute: 0))
  }

  @Test func requiresGradCanBeTakenBack() {
    let x = leaf([1])
    x.requiresGrad = true
    #expect(x.requiresGrad)
    x.requiresGrad = false
    #expect(!x.requiresGrad && x.grad == nil)
    #expect(!(x * 2).requiresGrad)
  }
}
