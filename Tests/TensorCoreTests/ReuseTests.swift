import Elements
import Kernels
import TensorCore
import Testing
import TestSupport

/// Activations take the memory of temporaries, and gradients that of the gradient they come from:
/// never where somebody else sees it.
@Suite(.serialized) struct ReuseTests {
  private static let values: [Float] = [-2, -1, 0.5, 3]
  private static let activations: [(name: String, function: @Sendable (Tensor) -> Tensor)] = [
    ("relu", { relu($0) }), ("tanh", { tanh($0) }), ("sigmoid", { sigmoid($0) }),
    ("gelu", { gelu($0) }), ("silu", { silu($0) }), ("logSigmoid", { logSigmoid($0) }),
  ]

  /// The result and the gradient of activation `index`, each of whose inputs somebody holds.
  private static func expected(_ index: Int) -> (value: [Float], gradient: [Float]) {
    let x = leaf(values)
    let y = activations[index].function(x)
    y.backward(gradient: Tensor.ones([4]))
    return (y.floats, x.grad?.floats ?? [])
  }

  @Test(arguments: activations.indices)
  func temporariesGiveTheSame(_ index: Int) {
    let (name, function) = Self.activations[index]
    let expected = Self.expected(index)
    let x = leaf(Self.values)
    let y = function(x * 1)
    #expect(y.floats == expected.value, "\(name)")
    (y * 1).sum().backward()
    #expect(x.grad?.floats == expected.gradient, "\(name)")
    #expect(noGrad { function(x * 1) }.floats == expected.value, "\(name)")
  }

  /// The gradient of a sum is one number that stands for all.
  @Test(arguments: activations.indices)
  func broadcastGradientsStayWhole(_ index: Int) {
    let x = leaf(Self.values)
    Self.activations[index].function(x * 1).sum().backward()
    #expect(x.grad?.floats == Self.expected(index).gradient, "\(Self.activations[index].name)")
  }

  @Test(arguments: activations.indices)
  func whatIsHeldStays(_ index: Int) {
    let (name, function) = Self.activations[index]
    let x = leaf(Self.values)
    let held = x * 1
    let (whole, other) = (x * 1, x * 1)
    let part = function(whole[1...2])
    let view = other.reshaped([2, 2])
    (function(held) + function(view).reshaped([4])).sum().backward()
    #expect(held.floats == Self.values && whole.floats == Self.values, "\(name)")
    #expect(other.floats == Self.values && view.floats == Self.values, "\(name)")
    #expect(part.floats == Array(Self.expected(index).value[1...2]), "\(name)")
    #expect(x.grad?.floats == Self.expected(index).gradient.map { 2 * $0 }, "\(name)")
  }

  /// A result that its own gradient needs, or that of the next operation, is held by the graph.
  @Test(arguments: activations.indices)
  func whatTheGraphKeepsStays(_ index: Int) {
    let (name, function) = Self.activations[index]
    let x = leaf(Self.values)
    function(function(x * 1)).sum().backward()
    let inner = leaf(Self.expected(index).value)
    function(inner).sum().backward()
    let outer = inner.grad?.floats ?? []
    let product = zip(outer, Self.expected(index).gradient).map { Double($0) * Double($1) }
    expectClose(x.grad?.floats ?? [], to: product, name)
  }

  @Test(arguments: activations.indices)
  func gradientsThatAreKeptStay(_ index: Int) {
    let (name, function) = Self.activations[index]
    let (x, weights) = (leaf(Self.values), Tensor([1, 2, 3, 4] as [Float]))
    let y = function(x * 1)
    y.retainGrad()
    var seen: Tensor?
    let z = y * 1
    z.registerHook { gradient in
      seen = gradient
      return nil
    }
    let loss = (z * weights).sum()
    loss.backward(retainGraph: true)
    let first = x.grad?.floats
    #expect(y.grad?.floats == weights.floats && seen?.floats == weights.floats, "\(name)")
    x.grad = nil
    loss.backward()
    #expect(x.grad?.floats == first, "\(name): a second pass through a graph that was retained")
  }

  /// One block for the result and for what the gradient needs, none for the gradient.
  @Test func takesNoMemoryOfItsOwn() async {
    await #expect(processExitsWith: .success) {
      let x = leaf([Float](repeating: 1, count: 1 << 20))
      let block = MemoryPool.statistics.usedBytes
      x.grad = .zeros(x.shape)
      let loss = relu(tanh(x * 1)).sum()
      #expect(MemoryPool.statistics.usedBytes <= 4 * block + 4096)
      loss.backward()
      #expect(MemoryPool.statistics.peakUsedBytes <= 5 * block + 4096)
    }
  }
  /// softmax([0, 1, 2]) - [0, 1, 0].
  private static let crossEntropyGradient = [0.0900306, 0.2447285 - 1, 0.6652410]

  private func crossEntropy(_ logits: Tensor) -> Tensor {
    TensorCore.crossEntropy(logits.reshaped([1, 3]), Tensor([1] as [Int32]))
  }

  /// The gradient of cross-entropy takes the place of the exponentials, unless these are needed
  /// again; what becomes of the logits is of no consequence.
  @Test func crossEntropyKeepsItsExponentials() {
    let x = leaf([0, 1, 2])
    let loss = crossEntropy(x)
    loss.backward(retainGraph: true)
    let first = x.grad?.floats ?? []
    expectClose(first, to: Self.crossEntropyGradient, within: .float32)
    noGrad { x.fill(7) }
    x.grad = nil
    loss.backward(retainGraph: true)
    #expect(x.grad?.floats == first)
    x.grad = nil
    loss.backward()
    #expect(x.grad?.floats == first)
  }

  /// One block for the logits and one for the exponentials, none for the gradient.
  @Test func crossEntropyTakesOneBlock() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.ones([1 << 10, 1 << 10])
      x.requiresGrad = true
      let block = MemoryPool.statistics.usedBytes
      let loss = TensorCore.crossEntropy(x, Tensor.zeros([1 << 10], .int32))
      loss.backward()
      #expect(MemoryPool.statistics.peakUsedBytes <= 2 * block + 65_536)
      expectClose(x.grad?[0, 1].floats ?? [], to: [0x1p-20], within: .float32)
    }
  }

  /// A share that nobody else has takes the others in; one that a hook keeps stays.
  @Test func sharesOfASumStayApart() {
    let (x, ones) = (leaf([1, 2]), Tensor.ones([2]))
    var seen: [Tensor] = []
    func watched(_ y: Tensor) -> Tensor {
      y.registerHook { gradient in
        seen.append(gradient)
        return nil
      }
      return y
    }
    let y = x * 1
    let branches = [watched(y * 2), watched(softmax(y)), watched(y * y), y]
    let sum = branches.reduce(Tensor(Float(0))) { $0 + $1 }
    sum.backward(gradient: ones)
    #expect(seen.count == 3 && seen.allSatisfy { $0.floats == [1, 1] })
    #expect(ones.floats == [1, 1])
    // The softmax of two numbers adds up to 1: its gradient of ones is 0.
    expectClose(x.grad?.floats ?? [], to: [5, 7], within: .float32)
  }

  /// A segment that is computed anew goes backwards within a pass of its own.
  @Test func crossEntropyInACheckpoint() {
    let x = leaf([0, 1, 2])
    let loss = checkpoint(x) { self.crossEntropy($0[0]) }
    for _ in 0..<2 {
      x.grad = nil
      loss.backward(retainGraph: true)
      expectClose(x.grad?.floats ?? [], to: Self.crossEntropyGradient, within: .float32)
    }
    let partial = gradients(of: crossEntropy(x * 1), wrt: [x])
    expectClose(partial[0]?.floats ?? [], to: Self.crossEntropyGradient, within: .float32)
  }

  /// Gradients that a function of its own hands out twice, keeps, or records.
  @Test func customGradientsStayApart() {
    final class Twice: DifferentiableFunction {
      var kept: Tensor?
      func forward(_ inputs: [Tensor], _ context: FunctionContext) -> Tensor {
        inputs[0] + inputs[1]
      }
      func backward(_ gradient: Tensor, _ context: FunctionContext) -> [Tensor?] {
        let share = gradient * 2
        share.requiresGrad = true
        kept = share
        return [share, share]
      }
    }
    let (function, x, y) = (Twice(), leaf([1, 2]), leaf([3, 4]))
    let z = apply(function, to: x, y)
    for _ in 0..<2 { z.sum().backward(retainGraph: true) }
    #expect(x.grad?.floats == [4, 4] && y.grad?.floats == [4, 4])
    #expect(function.kept?.floats == [2, 2])
    #expect(x.grad?.requiresGrad == false)
  }
}
