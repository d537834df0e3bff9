import TensorCore
import TestSupport
import Testing

/// `fill` and `assign` are part of the graph, as PyTorch's `fill_` and `copy_`.
@Suite struct OverwritingTests {
  @Test func fillStopsTheGradient() {
    let x = leaf([1, 2])
    let y = x * 2
    y.fill(7)
    #expect(y.floats == [7, 7])
    (y * y).sum().backward()
    #expect(x.grad?.floats == [0, 0])
  }

  @Test func assignHandsTheGradientToTheSource() {
    let (x, z) = (leaf([1, 2]), leaf([3, 4]))
    let y = x * 2
    y.assign(z * 3)
    #expect(y.floats == [9, 12])
    y.sum().backward()
    #expect(x.grad?.floats == [0, 0] && z.grad?.floats == [3, 3])
  }

  @Test func assignOfAPlainTensorStopsTheGradient() {
    let x = leaf([1, 2])
    let y = x * 2
    y.assign(Tensor([5.0, 6.0]))
    (y * y).sum().backward()
    #expect(x.grad?.floats == [0, 0])
  }

  /// The gradient of a value that is repeated, and of another type, is summed and converted.
  @Test func assignBroadcastsAndConverts() {
    let x = leaf([1, 2, 3])
    let z = Tensor([0.5] as [Float16])
    z.requiresGrad = true
    let y = x * 2
    y.assign(z * 2)
    #expect(y.floats == [1, 1, 1])
    (y * Tensor([1.0, 2.0, 3.0])).sum().backward()
    #expect(x.grad?.floats == [0, 0, 0] && z.grad?.floats == [12] && z.grad?.dtype == .float16)
  }

  @Test func assignOfItselfKeepsTheGradient() {
    let x = leaf([1, 2])
    let y = x * 2
    y.assign(y * 3)
    y.sum().backward()
    #expect(y.floats == [6, 12] && x.grad?.floats == [6, 6])
  }

  @Test func plainTensorJoinsTheGraph() {
    let z = leaf([3, 4])
    let y = Tensor.zeros([2])
    y.assign(z * 3)
    #expect(y.requiresGrad)
    (y * y).sum().backward()
    #expect(z.grad?.floats == [54, 72])
  }

  @Test func integersStayOutsideTheGraph() {
    let z = leaf([3.5, 4])
    let y = Tensor([0, 0] as [Int64])
    y.assign(z * 3)
    #expect(y.array(of: Int64.self) == [10, 12] && !y.requiresGrad)
  }

  @Test func parametersAreSetOutsideTheGraph() {
    let x = leaf([1, 2])
    x.fill(3)
    #expect(x.requiresGrad && x.floats == [3, 3])
    x.assign(Tensor([4.0, 5.0]))
    (x * x).sum().backward()
    #expect(x.grad?.floats == [8, 10])
  }

  /// As in PyTorch: under `noGrad`, and through `detached()`, only the values change.
  @Test func nothingIsRecordedUnderNoGradAndThroughDetach() {
    let (x, z) = (leaf([1, 2]), leaf([3, 4]))
    let y = x * 2
    noGrad { y.assign(z * 3) }
    #expect(y.floats == [9, 12])
    y.sum().backward()
    #expect(x.grad?.floats == [2, 2] && z.grad == nil)
    let other = x * 2
    other.detached().fill(7)
    (other * other).sum().backward()
    #expect(other.floats == [7, 7] && x.grad?.floats == [2 + 28, 2 + 28])
    noGrad {
      x.assign(z)
      x[0].fill(8)
    }
    #expect(x.floats == [8, 4] && x.requiresGrad)
  }

  /// What is detached does not follow later changes in the graph, and may be used.
  @Test func detachedTensorIsAConstant() {
    let x = leaf([1, 2])
    let y = x * 2
    let (constant, part) = (y.detached(), y.detached()[0])
    y += 1
    (y * constant).sum().backward()
    #expect(x.grad?.floats == [6, 10] && (part * 2).requiresGrad == false)
  }

  /// A pass through a graph of before does not leave a gradient behind.
  @Test func thawedParameterHasNoGradient() {
    let x = leaf([1, 2])
    let y = (x * 2).sum()
    x.requiresGrad = false
    y.backward()
    x.requiresGrad = true
    #expect(x.grad == nil)
  }

  /// PyTorch's: the gradient that is kept is that of what the tensor has become.
  @Test func retainedGradientIsOfTheChangedTensor() {
    func kept(_ change: (inout Tensor) -> Void) -> [Float] {
      let x = leaf([1, 2])
      var y = x * 2
      y.retainGrad()
      change(&y)
      (y * y).sum().backward()
      return (y.grad?.floats ?? []) + (x.grad?.floats ?? [])
    }
    #expect(kept { $0 += 1 } == [6, 10, 12, 20])
    #expect(kept { $0[0] = Tensor(Float(5)) } == [10, 8, 0, 16])
    #expect(kept { $0.fill(3) } == [6, 6, 0, 0])
  }

  @Test func retainedGradientIsForgotten() {
    let x = leaf([1, 2])
    let y = x * 2
    y.retainGrad()
    (y * y).sum().backward()
    #expect(y.grad?.floats == [4, 8])
    y.grad = nil
    #expect(y.grad == nil)
  }
}

private let leafSentence =
  "in place: this tensor is a leaf that requires a gradient; change it under"
private let viewSentence =
  "in place: this tensor is a view, and the gradient of what it views would"

let overwritingMisuses: [Misuse] = [
  .init("backward: a parameter of shape [2] was converted to float16 after the loss was computed") {
    let x = leaf([1, 2])
    let loss = (x * 2).sum()
    x.change(to: .float16, named: "x")
    loss.backward()
  },
  .init("assign \(leafSentence)") { leaf([1]).assign(leaf([2]) * 3) },
  .init("assign \(viewSentence)") { (leaf([1, 2]) * 2)[0].assign(zeros([])) },
  .init("assign \(viewSentence)") { zeros([2, 2])[0].assign(leaf([1, 2]) * 2) },
  .init("fill \(viewSentence)") { (leaf([1, 2]) * 2).reshaped([2, 1]).fill(3) },
  .init("fill \(viewSentence)") { leaf([1, 2])[0].fill(3) },
  .init(
    "backward: exp: a value of shape [2] that its gradient needs was changed in place by assign"
  ) {
    let y = leaf([1, 2]).exp()
    y.assign(zeros([2]))
    y.sum().backward()
  },
  .init("a view of shape [2, 1] was made before fill changed in place what it views") {
    let y = leaf([1, 2]) * 2
    let view = y.reshaped([2, 1])
    y.fill(1)
    _ = view * 2
  },
  .init("a view of shape [2, 1] was made before assign changed in place what it views") {
    let y = zeros([2])
    let view = y.reshaped([2, 1])
    y.assign(leaf([1, 2]) * 2)
    _ = view * 2
  },
  .init("a view of shape [] was made before add changed in place what it views") {
    let y = zeros([2])
    let view = y[0]
    y += leaf([1, 2])
    _ = view * 2
  },
]
