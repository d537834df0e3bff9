import TensorCore
import TestSupport
import Testing

/// Misuses that belong to no family of operations.
private let generalMisuses: [Misuse] = [
  Misuse("iteration: a tensor of shape [] has no first axis; use item()") {
    for _ in Tensor(Float(1)) {}
  },
  Misuse("autocast: bfloat16 in a region of float16; end that before") {
    autocast(.float16) { autocast(.bfloat16) {} }
  },
  .init("Shape: more than 8 dimensions") { _ = zeros([1, 1, 1, 1, 1, 1, 1, 1]).unsqueezed(0) },
  .init("Tensor: 3 values for shape [2, 2], which holds 4") {
    _ = Tensor([1, 2, 3] as [Float], shape: [2, 2])
  },
  .init("Tensor: row 1 has 1 values, row 0 has 2") { _ = Tensor([[1, 2], [3]] as [[Float]]) },
  .init("item: a tensor of shape [2] holds 2 values") { _ = zeros([2]).item() },
  .init("assign: shape [3] does not broadcast to [1]") { zeros([1]).assign(zeros([3])) },
  .init("randomIntegers: the range 3..<3 is empty") {
    _ = Tensor.randomIntegers([1], in: 3..<3)
  },
  .init("requiresGrad: a tensor of int32 has no gradient") { ints().requiresGrad = true },
  .init("requiresGrad: cannot be cleared on the result of multiply; use detached()") {
    (leaf([1]) * 2).requiresGrad = false
  },
  .init("grad: a gradient of float32 and shape [3] for a tensor of float32 and shape [1]") {
    leaf([1]).grad = zeros([3])
  },
  .init("grad: a gradient for a tensor of shape [2] that is no leaf that requires one; set") {
    zeros([2]).grad = zeros([2])
  },
  .init("grad: a gradient for a tensor of shape [1] that is no leaf that requires one") {
    (leaf([1]) * 2).grad = zeros([1])
  },
  .init("backward: a tensor of shape [2] is no scalar; reduce it with sum() or mean()") {
    (leaf([1, 2]) * 2).backward()
  },
  .init("backward: the gradient has shape [3], the tensor [2]") {
    (leaf([1, 2]) * 2).backward(gradient: zeros([3]))
  },
  .init("backward: this tensor of shape [] has no graph: no input required a gradient") {
    zeros([2]).sum().backward()
  },
  .init("backward: this tensor of shape [] has no graph") {
    noGrad { leaf([1]).sum() }.backward()
  },
  .init("backward: a second time through sum: the graph was freed by the first") {
    let loss = leaf([1]).sum()
    loss.backward()
    loss.backward()
  },
  .init(
    """
    backward: multiply: a value of shape [1] that its gradient needs was changed in place by fill \
    (version 2, expected 1)
    """
  ) {
    let x = leaf([1])
    x.fill(5)
    let y = x * x
    x.detached().fill(7)
    y.backward()
  },
  .init("backward: crossEntropy: a value of shape [1, 2] that its gradient needs was changed") {
    let logits = zeros([1, 2]).converted(to: .float16)
    logits.requiresGrad = true
    let loss = crossEntropy(logits, Tensor([1] as [Int32]))
    logits.fill(1)
    loss.backward()
  },
]

private func misuses(of family: String) -> [Misuse] {
  families.first { $0.name == family }?.misuses
    ?? generalMisuses + creationMisuses + inPlaceMisuses + overwritingMisuses + argumentMisuses
}

@Suite(.serialized) struct MisuseTests {
  @Test(
    arguments: (families.map(\.name) + ["general"]).flatMap { family in
      misuses(of: family).indices.map { (family, $0) }
    })
  func stopsWithASentence(_ family: String, _ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [family, index] in try misuses(of: family)[index].run() }
    expectMessage(misuses(of: family)[index].sentence, of: result)
  }
}
