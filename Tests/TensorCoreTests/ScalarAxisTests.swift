import TensorCore
import TestSupport
import Testing

/// A scalar counts as a vector of one element where an axis is named: 0 or -1, as in PyTorch.
@Suite struct ScalarAxisTests {
  private static let operations: [(name: String, apply: @Sendable (Tensor, Int) -> Tensor)] = [
    ("max", { $0.max(axis: $1).values }), ("min", { $0.min(axis: $1).values }),
    ("max, kept", { $0.max(axis: $1, keepingAxes: true).values }),
    ("sorted", { $0.sorted(axis: $1).values }), ("topK", { $0.topK(1, axis: $1).values }),
    ("squeezed", { $0.squeezed($1) }), ("squeezed axes", { $0.squeezed(axes: [$1]) }),
    ("transposed", { $0.transposed($1, 0) }), ("transposed, last", { $0.transposed(-1, $1) }),
    ("movingAxis", { $0.movingAxis($1, to: 0) }), ("flipped", { $0.flipped(axes: [$1]) }),
    ("gathered", { $0.gathered(at: Tensor(Int64(0)), axis: $1) }),
    ("indexSelected", { $0.indexSelected(Tensor([0] as [Int64]), axis: $1) }),
    ("sum", { $0.sum(axis: $1) }), ("mean", { $0.mean(axis: $1) }),
    ("cumsum", { $0.cumsum(axis: $1) }), ("logSumExp", { $0.logSumExp(axis: $1) }),
    ("norm", { $0.norm(axis: $1) }),
  ]

  @Test(arguments: operations.indices, [0, -1])
  func scalarHasOneAxis(_ index: Int, _ axis: Int) {
    let x = Tensor(Float(1.5))
    x.requiresGrad = true
    let y = Self.operations[index].apply(x, axis)
    #expect(y.shape == [] && y.item() == 1.5, "\(Self.operations[index].name)")
    y.backward()
    #expect(x.grad?.shape == [] && x.grad?.item() == 1, "\(Self.operations[index].name)")
  }

  @Test func indicesOfAScalarAreZero() {
    let x = Tensor(Float(1.5))
    let all = [
      x.max(axis: 0).indices, x.min(axis: -1, keepingAxes: true).indices, x.argmax(axis: 0),
      x.sorted().indices, x.argsort(), x.topK(1).indices,
    ]
    for indices in all {
      #expect(indices.shape == [] && indices.dtype == .int64 && indices.item() == 0)
    }
  }

  @Test func softmaxOfAScalarIsOne() {
    #expect(softmax(Tensor(Float(1.5)), axis: 0).item() == 1)
    #expect(logSoftmax(Tensor(Float(1.5))).item() == 0)
  }

  @Test func windowsOfAScalar() {
    let x = Tensor(Float(1.5))
    x.requiresGrad = true
    let y = x.unfolded(axis: 0, size: 1)
    #expect(y.shape == [1] && y.floats == [1.5])
    y.sum().backward()
    #expect(x.grad?.item() == 1)
  }

  @Test func severalIndicesOfAScalar() {
    let x = Tensor(Float(1.5))
    x.requiresGrad = true
    let y = x.gathered(at: Tensor([0, 0, 0] as [Int64]), axis: 0)
    #expect(y.shape == [3] && y.floats == [1.5, 1.5, 1.5])
    y.sum().backward()
    #expect(x.grad?.shape == [] && x.grad?.item() == 3)
  }

  @Test func oneIndexOfAVector() {
    let x = Tensor([1.0, 2.0])
    let y = x.gathered(at: Tensor(Int64(1)), axis: -1)
    #expect(y.shape == [] && y.item() == 2)
    let z = x.scattered(Tensor(Float(5)), at: Tensor(Int64(1)), axis: 0)
    #expect(z.floats == [1, 5])
  }

  @Test func scatteringIntoAScalar() {
    let (x, source) = (Tensor(Float(1.5)), Tensor(Float(4)))
    for tensor in [x, source] { tensor.requiresGrad = true }
    let y = x.scattered(source, at: Tensor(Int64(0)), axis: -1)
    #expect(y.shape == [] && y.item() == 4)
    y.backward()
    #expect(x.grad?.item() == 0 && source.grad?.shape == [] && source.grad?.item() == 1)
    let z = x.scatterAdded(Tensor([2.0, 3.0]), at: Tensor([0, 0] as [Int64]), axis: 0)
    #expect(z.shape == [] && z.item() == 6.5)
  }
}
