import Elements
import Kernels
import TensorCore
import Testing
import TestSupport

@Suite(.serialized) struct AutocastTests {
  private static func parameter(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
    let tensor = gridValues(shape, in: 0.25...1, seed: seed)
    tensor.requiresGrad = true
    return tensor
  }

  /// The results of `computation` for operands of both types, in a region.
  private static func types(
    in narrow: DType = .float16, _ computation: (Tensor) -> Tensor
  ) -> [DType] {
    let x = gridValues([3, 3], in: 0.25...0.75)
    return autocast(narrow) {
      [narrow, .float32].map { computation(x.converted(to: $0)).dtype }
    }
  }

  /// One call of everything that has an entry in the list.
  private static let calls: [(String, @Sendable (Tensor) -> Tensor)] = [
    ("matmul", { matmul($0, Tensor.ones([3, 2])) }),
    ("linear", { linear($0, Tensor.ones([2, 3]), Tensor.ones([2])) }),
    ("conv1d", { conv1d($0.unsqueezed(0), Tensor.ones([2, 3, 1])) }),
    ("conv2d", { conv2d($0.reshaped([1, 1, 3, 3]), Tensor.ones([1, 1, 2, 2])) }),
    (
      "convTranspose2d", { convTranspose2d($0.reshaped([1, 1, 3, 3]), Tensor.ones([1, 1, 2, 2])) }
    ),
    (
      "scaledDotProductAttention",
      { scaledDotProductAttention($0, Tensor.ones([2, 3]), Tensor.ones([2, 3])) }
    ),
    (
      "recurrent",
      {
        recurrent(.tanh, $0.unsqueezed(0), Tensor.ones([3, 3]), nil, from: [Tensor.zeros([3, 3])])
      }
    ),
    ("crossEntropy", { crossEntropy($0, Tensor([0, 1, 2] as [Int32])) }),
    ("nllLoss", { nllLoss($0, Tensor([0, 1, 2] as [Int32])) }),
    ("mseLoss", { mseLoss($0, $0) }),
    ("l1Loss", { l1Loss($0, $0, reduction: .none) }),
    ("smoothL1Loss", { smoothL1Loss($0, $0) }),
    ("huberLoss", { huberLoss($0, $0) }),
    ("binaryCrossEntropy", { binaryCrossEntropy($0, $0) }),
    (
      "binaryCrossEntropyWithLogits",
      { binaryCrossEntropyWithLogits($0, $0, posWeight: .ones([3])) }
    ),
    ("klDivergence", { klDivergence($0, $0) }),
    ("softmax", { softmax($0) }), ("logSoftmax", { logSoftmax($0, axis: 0) }),
    ("layerNorm", { layerNorm($0, [3]) }), ("rmsNorm", { rmsNorm($0, [3]) }),
    ("groupNorm", { groupNorm($0.unsqueezed(0), groups: 1) }),
    ("sum", { $0.sum() }), ("prod", { $0.prod(axis: 0) }), ("cumsum", { $0.cumsum(axis: 1) }),
    ("norm", { $0.norm() }), ("logSumExp", { $0.logSumExp() }), ("variance", { $0.variance() }),
    ("standardDeviation", { $0.standardDeviation() }),
    ("exp", { $0.exp() }), ("expm1", { $0.expm1() }), ("log", { $0.log() }),
    ("log1p", { $0.log1p() }), ("log2", { $0.log2() }), ("reciprocal", { $0.reciprocal() }),
    ("reciprocalSquareRoot", { $0.reciprocalSquareRoot() }), ("power", { $0.raised(to: 3) }),
    ("softplus", { softplus($0) }),
  ]

  @Test(arguments: [DType.float16, .bfloat16])
  func listedOperationsRunInTheirType(_ narrow: DType) {
    #expect(Set(Self.calls.map(\.0)) == Set(autocastPolicies.keys))
    for (name, call) in Self.calls {
      let expected = autocastPolicies[name] == .narrow ? narrow : .float32
      #expect(Self.types(in: narrow, call) == [expected, expected], "\(name)")
      #expect(call(gridValues([3, 3], in: 0.25...0.75)).dtype == .float32, "\(name) outside")
    }
    for call in [{ $0.squared() }, { $0.raised(to: 0.5) }, { $0.raised(to: $0) }]
      as [(Tensor) -> Tensor]
    {
      #expect(Self.types(call) == [.float32, .float32])
    }
    #expect(Self.types { einsum("ij,jk->ik", $0, Tensor.ones([3, 2])) } == [.float16, .float16])
  }

  @Test func otherOperationsTakeWhatComes() {
    let others: [(Tensor) -> Tensor] = [
      { relu($0) }, { gelu($0) }, { tanh($0) }, { sigmoid($0) }, { $0 + $0 }, { $0 * 2 },
      { $0.mean() }, { $0.max() }, { cat([$0, $0]) }, { $0.squareRoot() },
      { batchNorm($0, weight: .ones([3]), isTraining: true) },
      { maxPool2d($0.reshaped([1, 1, 3, 3]), kernel: 2) },
    ]
    for (index, call) in others.enumerated() {
      #expect(Self.types(call) == [.float16, .float32], "\(index)")
    }
    #expect(Self.types { cat([$0, Tensor.ones([3, 3])]) } == [.float32, .float32])
    #expect(Self.types { $0 + Tensor.ones([3, 3]) } == [.float32, .float32])
  }

  /// PyTorch's CPU autocast, which has these operations in its list: losses, Float16 results and
  /// Float32 gradients.
  @Test func followsPyTorch() throws {
    let cases = try Fixture("precision").cases(of: "autocast")
    #expect(cases.count == 3)
    for example in cases {
      let x = try example.inputs()
      for leaf in x { leaf.requiresGrad = true }
      let (loss, other) = autocast(.float16) {
        switch example.path {
        case "autocast/perceptron":
          let logits = linear(relu(linear(x[0], x[1], x[2])), x[3], x[4])
          return (crossEntropy(logits, Tensor([0, 1, 2, 3, 0, 1] as [Int32])), logits)
        case "autocast/convolution":
          let features = relu(conv2d(x[0], x[1], x[2], padding: 1)).flattened(from: 1)
          let result = matmul(features, x[3])
          return (mseLoss(result, .ones([3, 2])), result)
        default:
          let result = scaledDotProductAttention(x[0], x[1], x[2], isCausal: true)
          return (mseLoss(result, .zeros([2, 3, 5, 4])), result)
        }
      }
      // PyTorch rounds intermediate results of its own; a unit in the last place, twice.
      let tolerance = Tolerance(relative: 2e-3, absolute: 2e-3)
      expectClose(loss, to: try example.output(), within: tolerance, "\(example)")
      expectClose(other, to: try example.output(1), "\(example)")
      loss.backward(scaledBy: 1024, retainGraph: false)
      for (index, leaf) in x.enumerated() {
        let gradient = try #require(leaf.grad)
        expectClose(
          noGrad { gradient / 1024 }, to: try example.requiredTensor("gradient\(index)"),
          within: tolerance, "\(example), gradient \(index)")
      }
    }
  }

  /// Both uses see the weight rounded once, and their gradients meet in its one copy.
  @Test func aWeightIsConvertedOnceInARegion() async {
    await #expect(processExitsWith: .success) {
      let weight = AutocastTests.parameter([4, 4])
      let x = gridValues([2, 4], seed: 2)
      let before = MemoryPool.statistics.usedBytes
      let loss = autocast(.float16) {
        let first = linear(x, weight)
        let used = MemoryPool.statistics.usedBytes
        _ = noGrad { linear(x, weight) }
        let unrecorded = MemoryPool.statistics.usedBytes
        #expect(unrecorded > used, "a copy without a place in the graph is another one")
        _ = noGrad { linear(x, weight) }
        #expect(MemoryPool.statistics.usedBytes == unrecorded)
        return linear(first, weight).sum()
      }
      loss.backward()
      let rounded = weight.detached().converted(to: .float16)
      rounded.requiresGrad = true
      linear(linear(x.converted(to: .float16), rounded), rounded).converted(to: .float32).sum()
        .backward()
      #expect(weight.grad?.dtype == .float32)
      #expect(weight.grad != nil && weight.grad?.floats == rounded.grad?.floats)
      weight.grad = nil
      rounded.grad = nil
      _ = consume loss
      _ = consume rounded
      #expect(MemoryPool.statistics.usedBytes <= before + 1024, "copies go with the region")
    }
  }

  /// What PyTorch leaves stale: a weight that changes, and a graph that was freed.
  @Test func copiesAreMadeAnewWhereTheyMust() {
    let weight = Self.parameter([1, 1])
    let x = Tensor.ones([1, 1])
    autocast(.float16) {
      linear(x, weight).sum().backward()
      linear(x, weight).sum().backward()
      #expect(weight.grad?.floats == [2])
      noGrad { weight.fill(3) }
      #expect(linear(x, weight).floats == [3])
      _ = noGrad { linear(x, weight) }
      linear(x, weight).sum().backward()
      #expect(weight.grad?.floats == [3])
    }
  }

  @Test func regionsNest() {
    let x = Tensor.ones([2, 2])
    func type() -> DType { matmul(x, x).dtype }
    #expect(!isAutocastEnabled && type() == .float32)
    autocast {
      #expect(isAutocastEnabled && type() == .float16)
      autocast(enabled: false) {
        #expect(!isAutocastEnabled && type() == .float32)
        autocast { #expect(type() == .float16) }
        #expect(type() == .float32)
      }
      autocast { #expect(type() == .float16) }
      #expect(type() == .float16)
    }
    #expect(!isAutocastEnabled && type() == .float32)
    struct Failure: Error {}
    #expect(throws: Failure.self) { try autocast { throw Failure() } }
    #expect(!isAutocastEnabled)
  }

  @Test func integersStayIntegers() {
    #expect(autocast { Tensor.arange(4).sum().dtype } == .int64)
    let classes = Tensor([1, 0] as [Int64])
    #expect(autocast { crossEntropy(Tensor.ones([2, 2]), classes).dtype } == .float32)
  }

  @Test func backwardIsTheSameInsideAndOutside() {
    func gradient(inside: Bool) -> [Float] {
      let weight = Self.parameter([3, 3])
      let loss = autocast {
        let loss = matmul(weight, weight).exp().sum()
        if inside { loss.backward() }
        return loss
      }
      if !inside { loss.backward() }
      return weight.grad?.floats ?? []
    }
    #expect(gradient(inside: true) == gradient(inside: false))
  }

  @Test func checkpointsAreComputedAnewInTheSameTypes() {
    func gradients(_ isCheckpointed: Bool) -> [[Float]?] {
      let (weight, x) = (Self.parameter([3, 3]), Self.parameter([2, 3], seed: 3))
      func segment(_ x: Tensor) -> Tensor { relu(linear(x, weight)) }
      autocast {
        let hidden = isCheckpointed ? checkpoint(x) { segment($0[0]) } : segment(x)
        linear(hidden, weight).sum().backward()
      }
      return [weight, x].map { $0.grad?.floats }
    }
    let (plain, recomputed) = (gradients(false), gradients(true))
    #expect(recomputed[1] == plain[1] && plain.allSatisfy { $0 != nil })
    // The shares of the weight's two uses meet in Float32, not in its one copy.
    for (found, expected) in matched(recomputed, plain) {
      expectClose(
        found ?? [], to: (expected ?? []).map(Double.init), within: .float16)
    }
  }

  @Test func otherTypesStop() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { autocast(.float32) {} }
    expectMessage(
      "autocast: float32; operations can be cast to float16 or bfloat16 only", of: result)
  }
}
