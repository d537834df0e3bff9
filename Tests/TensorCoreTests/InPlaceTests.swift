import TensorCore
import TestSupport
import Testing

/// An in-place operation, and the one that returns its result.
private struct Twin: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let inPlace: @Sendable (Tensor, Tensor) -> Void
  let twin: @Sendable (Tensor, Tensor) -> Tensor

  init(
    _ name: String, _ inPlace: @escaping @Sendable (Tensor, Tensor) -> Void,
    _ twin: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    testDescription = name
    self.inPlace = inPlace
    self.twin = twin
  }
}

private let twins: [Twin] = [
  .init("add", { x, y in x += y }, { $0 + $1 }),
  .init("subtract", { x, y in x -= y }, { $0 - $1 }),
  .init("multiply", { x, y in x *= y }, { $0 * $1 }),
  .init("divide", { x, y in x /= y }, { $0 / $1 }),
  .init("add a number", { x, _ in x += 0.1 }, { x, _ in x + 0.1 }),
  .init("subtract a number", { x, _ in x -= 0.1 }, { x, _ in x - 0.1 }),
  .init("multiply by a number", { x, _ in x *= 0.3 }, { x, _ in x * 0.3 }),
  .init("divide by a number", { x, _ in x /= 0.3 }, { x, _ in x / 0.3 }),
  .init("add an integer", { x, _ in x += 3 }, { x, _ in x + 3 }),
  .init("subtract an integer", { x, _ in x -= 3 }, { x, _ in x - 3 }),
  .init("multiply by an integer", { x, _ in x *= 3 }, { x, _ in x * 3 }),
  .init("divide by an integer", { x, _ in x /= 3 }, { x, _ in x / 3 }),
  .init(
    "clamp", { x, _ in x.clamp(from: 0.8, to: 1.2) }, { x, _ in x.clamped(from: 0.8, to: 1.2) }),
  .init("clamp to integers", { x, _ in x.clamp(from: 1) }, { x, _ in x.clamped(from: 1) }),
  .init("negate", { x, _ in x.negate() }, { x, _ in -x }),
  .init("formExp", { x, _ in x.formExp() }, { x, _ in x.exp() }),
  .init("formLog", { x, _ in x.formLog() }, { x, _ in x.log() }),
  .init("formSquareRoot", { x, _ in x.formSquareRoot() }, { x, _ in x.squareRoot() }),
  .init("formAbs", { x, _ in x.formAbs() }, { x, _ in x.abs() }),
  .init("formRelu", { x, _ in x.formRelu() }, { x, _ in relu(x) }),
  .init("formTanh", { x, _ in x.formTanh() }, { x, _ in tanh(x) }),
  .init("formSigmoid", { x, _ in x.formSigmoid() }, { x, _ in sigmoid(x) }),
  .init("formZero", { x, _ in x.formZero() }, { x, _ in x.clamped(from: 9).clamped(to: 0.0) }),
]

@Suite struct InPlaceTests {
  private static let layouts = [Layout.contiguous, .transposed, .sliced, .flipped]

  @Test(arguments: twins.indices, [DType.float32, .float16])
  func valuesAreThoseOfTheTwin(_ index: Int, _ dtype: DType) {
    let twin = twins[index]
    let values = gridValues([3, 5], in: 0.5...2).converted(to: dtype)
    let other = gridValues([5], in: 0.5...2, seed: 2).converted(to: dtype)
    for layout in Self.layouts {
      let x = values.laidOut(layout)
      let version = x.storage.version
      let expected = twin.twin(x, other)
      twin.inPlace(x, other)
      #expect(x.dtype == dtype && x.floats == expected.floats, "\(layout)")
      #expect(x.storage.version == version + 1, "\(layout)")
    }
  }

  /// The gradients that reach the operands, through the in-place operation and through its twin.
  @Test(arguments: twins.indices)
  func gradientsAreThoseOfTheTwin(_ index: Int) {
    let twin = twins[index]
    func gradients(_ apply: (Tensor, Tensor) -> Tensor) -> [Float] {
      let x = gridValues([3, 5], in: 0.5...2)
      let y = gridValues([5], in: 0.5...2, seed: 2)
      x.requiresGrad = true
      y.requiresGrad = true
      let result = apply(x + 0.25, y)
      (result * result).sum().backward()
      return (x.grad?.floats ?? []) + (y.grad?.floats ?? [])
    }
    let found = gradients { x, y in
      twin.inPlace(x, y)
      return x
    }
    #expect(found == gradients(twin.twin))
  }

  /// A tensor that needs no gradient takes part in the graph once it holds one that does.
  @Test func plainTensorJoinsTheGraph() {
    let sum = Tensor.zeros([2])
    let x = Tensor([2.0, 3.0])
    x.requiresGrad = true
    for factor in 1...3 { sum += x * Float(factor) }
    sum.sum().backward()
    #expect(sum.floats == [12, 18] && x.grad?.floats == [6, 6])
  }

  @Test func halfTakesSinglePrecision() {
    let x = Tensor([1, 2] as [Float16])
    let y = Tensor([0.5, 0.25])
    y.requiresGrad = true
    let sum = x * 1
    sum += y
    #expect(sum.dtype == .float16 && sum.floats == [1.5, 2.25])
    (sum * 2).sum().backward()
    #expect(y.grad?.floats == [2, 2] && y.grad?.dtype == .float32)
  }

  @Test func integersInPlace() {
    let x = Tensor([250, 3] as [UInt8])
    x += 10
    #expect(x.array(of: UInt8.self) == [4, 13])
    x *= Tensor([2, 1 << 40] as [Int64])
    #expect(x.array(of: UInt8.self) == [8, 0])
    x -= 9
    x.clamp(from: 1, to: 254)
    #expect(x.array(of: UInt8.self) == [254, 247])
    let mask = Tensor([true, false])
    mask += Tensor([true, true])
    #expect(mask.array(of: Bool.self) == [true, true])
  }

  @Test func viewsWriteToTheirBase() {
    let base = Tensor((0..<6).map(Float.init), shape: [2, 3])
    let column = base.transposed().reshaped([3, 2])
    let rows = base.transposed()
    rows += Tensor([10, 20] as [Float])
    #expect(base.floats == [10, 11, 12, 23, 24, 25])
    #expect(column.storage !== base.storage || column.floats == rows.floats)
    base *= 2
    #expect(rows.floats == [20, 46, 22, 48, 24, 50])
    #expect(rows.storage.version == 2 && base.storage.version == 2)
    base.reshaped([6]).negate()
    #expect(base.floats == [-20, -22, -24, -46, -48, -50] && rows.storage.version == 3)
  }

  /// Operands that overlap the result are read before they are overwritten.
  @Test func overlappingViewsAreReadFirst() {
    func squares() -> Tensor { Tensor((0..<9).map(Float.init), shape: [3, 3]) }
    func part(_ x: Tensor, from start: Int, count: Int) -> Tensor {
      x.alias(shape: [count], strides: [1], offset: start)
    }
    let sum = squares()
    sum += sum.transposed()
    #expect(sum.floats == [0, 4, 8, 4, 8, 12, 8, 12, 16])
    let turned = squares()
    turned.assign(turned.transposed())
    #expect(turned.floats == [0, 3, 6, 1, 4, 7, 2, 5, 8])
    for (to, from) in [(0, 1), (1, 0), (0, 3), (4, 1)] {
      let x = squares()
      let expected = (0..<9).map { index in
        (to..<(to + 5)).contains(index) ? Float(index - to + from) : Float(index)
      }
      part(x, from: to, count: 5).assign(part(x, from: from, count: 5))
      #expect(x.floats == expected, "\(from) to \(to)")
      let y = squares()
      part(y, from: to, count: 5) += part(y, from: from, count: 5)
      for index in 0..<5 { #expect(y.floats[to + index] == Float(to + from + 2 * index)) }
    }
    let scaled = squares()
    scaled *= part(scaled, from: 1, count: 1).reshaped([])
    scaled += part(scaled, from: 8, count: 1)
    #expect(scaled.floats == (8..<17).map(Float.init))
    let doubled = squares()
    doubled += doubled
    #expect(doubled.floats == (0..<9).map { 2 * Float($0) })
  }

  @Test func leavesMayChangeUnderNoGrad() {
    let x = Tensor([1.0, 2.0])
    x.requiresGrad = true
    noGrad {
      x += 1
      x *= Tensor([2.0, 3.0])
      x.clamp(to: 8)
      x.formZero()
      x -= 0.5
    }
    #expect(x.floats == [-0.5, -0.5] && x.requiresGrad)
    (x * x).sum().backward()
    #expect(x.grad?.floats == [-1, -1])
  }

  @Test func zeroStopsTheGradient() {
    let x = Tensor([1, .infinity] as [Float])
    x.requiresGrad = true
    let y = x * 2
    y.formZero()
    #expect(y.floats == [0, 0] && y.requiresGrad)
    (y * Tensor([.infinity, 1] as [Float])).sum().backward()
    #expect(x.grad?.floats == [0, 0])
  }
}

private let leafSentence =
  "in place: this tensor is a leaf that requires a gradient; change it under"
private let viewSentence =
  "in place: this tensor is a view, and the gradient of what it views would"

let inPlaceMisuses: [Misuse] = [
  .init("add \(leafSentence)") {
    let x = leaf([1])
    x += 1
  },
  .init("multiply \(leafSentence)") {
    let x = leaf([1])
    x *= zeros([1])
  },
  .init("clamp \(leafSentence)") { leaf([1]).clamp(from: 0.5) },
  .init("formZero \(leafSentence)") { leaf([1]).formZero() },
  .init("subtract \(viewSentence)") {
    let x = (leaf([1, 2]) * 2).reshaped([2, 1])
    x -= 1
  },
  .init("divide \(viewSentence)") {
    let x = zeros([2]).reshaped([2, 1])
    x /= leaf([1])
  },
  .init("formRelu \(viewSentence)") { leaf([1]).reshaped([1, 1]).formRelu() },
  .init("a view of shape [2, 1] was made before add changed in place what it views") {
    let x = leaf([1, 2]) * 2
    let view = x.reshaped([2, 1])
    x += 1
    _ = view * 2
  },
  .init("backward: exp: a value of shape [1] that its gradient needs was changed in place by add") {
    let y = leaf([1]).exp()
    y += 1
    y.sum().backward()
  },
  .init("backward: multiply: a value of shape [2] that its gradient needs was changed in place by")
  {
    let factor = zeros([2])
    let y = leaf([1, 2]) * factor
    factor.unsqueezed(0).negate()
    y.sum().backward()
  },
  .init("add in place: shape [2, 1] does not broadcast to [2]") {
    let x = zeros([2])
    x += zeros([2, 1])
  },
  .init("subtract: shapes [2] and [3] do not broadcast") {
    let x = zeros([2])
    x -= zeros([3])
  },
  .init("add in place: a tensor of int32 cannot hold the float32 result; compute a new tensor") {
    let x = ints()
    x += zeros([2])
  },
  .init("multiply in place: a tensor of int32 cannot hold the float32 result") {
    let x = ints()
    x *= 1.5
  },
  .init("divide in place: a tensor of int32 cannot hold the float32 result") {
    let x = ints()
    x /= 2
  },
  .init("add in place: a tensor of bool cannot hold the int64 result") {
    let x = Tensor([true])
    x += 1
  },
  .init("subtract: both tensors are bool") {
    let x = Tensor([true])
    x -= Tensor([true])
  },
  .init("formExp in place: a tensor of int32 cannot hold the float32 result") { ints().formExp() },
  .init("clamp in place: a tensor of int32 cannot hold the float32 result") {
    ints().clamp(from: 0.5)
  },
  .init("add in place: elements of this expanded tensor of shape [3, 2] share memory; change what")
  {
    let x = zeros([2]).expanded(to: [3, 2])
    x += 1
  },
  .init("add in place: elements of this expanded tensor of shape [3, 2] share memory") {
    let x = zeros([2]).expanded(to: [3, 2])
    x += zeros([2])
  },
  .init("negate in place: elements of this expanded tensor of shape [3, 2] share memory") {
    zeros([2]).expanded(to: [3, 2]).negate()
  },
  .init("assign in place: elements of this expanded tensor of shape [3, 2] share memory") {
    zeros([2]).expanded(to: [3, 2]).assign(zeros([3, 2]))
  },
]
