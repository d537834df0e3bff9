import TensorCore
import TestSupport
import Testing

/// Where gradients are put, and who is told.
@Suite struct LeafTests {
  /// A leaf of zeros whose gradient belongs at `offset` of `arena`.
  private func leaf(_ shape: Shape, in arena: Tensor, at offset: Int) -> Tensor {
    let tensor = Tensor.ones(shape)
    tensor.requiresGrad = true
    tensor.leaf?.slot = arena.alias(
      shape: shape, strides: shape.contiguousStrides, offset: offset)
    return tensor
  }

  @Test func gradientsAreComputedInTheArena() {
    let arena = Tensor.full([16], .nan)
    let weight = leaf([2, 3], in: arena, at: 0)
    let bias = leaf([2], in: arena, at: 8)
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    let passes = { linear(x, weight, bias).sum().backward() }
    passes()
    #expect(Array(arena.floats[..<6]) == [5, 7, 9, 5, 7, 9])
    #expect(Array(arena.floats[8..<10]) == [2, 2])
    #expect(arena.floats[6].isNaN && arena.floats[10].isNaN, "only the slots are written")
    passes()
    #expect(Array(arena.floats[..<6]) == [10, 14, 18, 10, 14, 18], "a second pass adds")
    weight.grad = nil
    passes()
    #expect(Array(arena.floats[..<6]) == [5, 7, 9, 5, 7, 9], "after nil it begins anew")
    #expect(Array(arena.floats[8..<10]) == [6, 6])
    #expect(weight.grad?.storage === arena.storage)
  }

  @Test func valuesAndSumsGoToTheArenaToo() {
    let arena = Tensor.full([8], .nan)
    let x = leaf([3], in: arena, at: 1)
    (x * 2 + x).sum().backward()
    #expect(Array(arena.floats[1..<4]) == [3, 3, 3])
    x.grad = Tensor([7, 8, 9] as [Float])
    #expect(Array(arena.floats[1..<4]) == [7, 8, 9], "what is set is copied into the slot")
    #expect(x.grad?.storage === arena.storage)
  }

  @Test func gradientSetByHandIsAddedTo() {
    let x = TensorCoreTests.leaf([1, 1])
    x.grad = Tensor([10, 20, 30, 40] as [Float], shape: [2, 2]).sum(axis: 0)
    (x * 1).sum().backward()
    #expect(x.grad?.floats == [41, 61])
  }

  /// Writes down what it is told.
  private final class Recorder: GradientAverager {
    var events: [String] = []
    var names: [ObjectIdentifier: String] = [:]
    var weight: Float = 1

    func observe(_ tensors: KeyValuePairs<String, Tensor>) {
      for (name, tensor) in tensors {
        guard let leaf = tensor.leaf else { continue }
        names[ObjectIdentifier(leaf)] = name
        leaf.averager = self
      }
    }

    func passWillBegin(_ loss: PassLoss, scale: Float) -> Float {
      events.append("begin")
      return weight
    }
    func gradientIsReady(of leaf: Leaf) {
      let values = leaf.gradient?.floats ?? []
      events.append("\(names[ObjectIdentifier(leaf)] ?? "") \(values)")
    }
    func passDidEnd() { events.append("end") }
    func valuesWereReplaced() {}
    func completeGradients() { events.append("complete") }
  }

  @Test func leavesAreReportedWhenTheirGradientIsComplete() {
    let recorder = Recorder()
    let (first, second, third) = (
      TensorCoreTests.leaf([1]), TensorCoreTests.leaf([2]), TensorCoreTests.leaf([4])
    )
    recorder.observe(["first": first, "second": second, "third": third])
    // `first` is used by the first and by the last operation: it is complete at the latter only.
    (first * second * third * first).backward()
    #expect(
      recorder.events == ["begin", "third [2.0]", "first [16.0]", "second [4.0]", "end"])
  }

  @Test func passesAreWeighted() {
    let recorder = Recorder()
    recorder.weight = 0.25
    let x = TensorCoreTests.leaf([3])
    recorder.observe(["x": x])
    (x * x).backward()
    #expect(x.grad?.floats == [1.5])
    x.grad = nil
    x.backward()
    #expect(recorder.events == ["begin", "x [1.5]", "end", "begin", "x [0.25]", "end"])
  }

  @Test func leavesThatAreNotReachedAreNotReported() {
    let recorder = Recorder()
    let (x, y) = (TensorCoreTests.leaf([3]), TensorCoreTests.leaf([3]))
    recorder.observe(["y": y])
    (x * x).backward()
    #expect(recorder.events.isEmpty)
  }
}
