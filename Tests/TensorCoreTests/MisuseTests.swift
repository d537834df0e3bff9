import TensorCore
import TestSupport
import Testing

/// A mistake that must stop the program, and what it must say.
private struct Misuse: Sendable {
  let sentence: String
  let run: @Sendable () -> Void

  init(_ sentence: String, _ run: @escaping @Sendable () -> Void) {
    self.sentence = sentence
    self.run = run
  }
}

private func ints() -> Tensor { Tensor([1, 2] as [Int32]) }
private func zeros(_ shape: Shape) -> Tensor { .zeros(shape) }

private let misuses: [Misuse] = [
  .init("add: shapes [3, 4] and [3] do not broadcast: sizes 4 and 3 differ") {
    _ = zeros([3, 4]) + zeros([3])
  },
  .init("subtract: shapes [2] and [3] do not") { _ = zeros([2]) - zeros([3]) },
  .init("multiply: shapes [2] and [3] do not") { _ = zeros([2]) * zeros([3]) },
  .init("divide: shapes [2] and [3] do not") { _ = zeros([2]) / zeros([3]) },
  .init("clamp in place: this tensor is a leaf that requires a gradient") {
    let x = zeros([2])
    x.requiresGrad = true
    x.clamp(from: 0)
  },
  .init("divide in place: a tensor of int32 cannot hold a fraction") { ints() /= ints() },
  .init("sum: a tensor of int32") { _ = ints().sum() },
  .init("sum: axis 2 of a tensor of shape [3, 4], which has 2 dimensions") {
    _ = zeros([3, 4]).sum(axis: 2)
  },
  .init("sum: axis 0 is named twice in [0, -2]") { _ = zeros([3, 4]).sum(axes: [0, -2]) },
  .init("mean: axis -3 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).mean(axis: -3) },
  .init("argmax: axis 1 of shape [3, 0] is empty") { _ = zeros([3, 0]).argmax(axis: 1) },
  .init("argmin: axis 5 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).argmin(axis: 5) },
  .init("matmul: [64, 784] x [512, 10]: inner dimensions 784 and 512 differ") {
    _ = matmul(zeros([64, 784]), zeros([512, 10]))
  },
  .init("matmul: [3] x [2, 3]: inner dimensions 3 and 2 differ") {
    _ = matmul(zeros([3]), zeros([2, 3]))
  },
  .init("linear: input [2, 3] and weight [5, 4]: the input's last size") {
    _ = linear(zeros([2, 3]), zeros([5, 4]))
  },
  .init("linear: bias [4] and weight [5, 3]: there must be a bias per output") {
    _ = linear(zeros([2, 3]), zeros([5, 3]), zeros([4]))
  },
  .init("linear: a tensor of int32") {
    _ = linear(zeros([2, 1]), ints().reshaped([2, 1]))
  },
  .init("softmax: axis 2 of a tensor of shape [3, 4]") { _ = softmax(zeros([3, 4]), axis: 2) },
  .init("logSoftmax: a tensor of int32") { _ = logSoftmax(ints()) },
  .init("crossEntropy: logits [2, 3] and targets [3]: expected [samples, classes] and [samples]") {
    _ = crossEntropy(zeros([2, 3]), zeros([3]))
  },
  .init("crossEntropy: targets of type float32; expected class indices") {
    _ = crossEntropy(zeros([2, 3]), zeros([2]))
  },
  .init("crossEntropy: target 3 at index 1 is outside 0 ..< 3") {
    _ = crossEntropy(zeros([2, 3]), Tensor([0, 3] as [Int64]))
  },
  .init("crossEntropy: target -1 at index 0 is outside 0 ..< 3") {
    _ = crossEntropy(zeros([1, 3]), Tensor([-1] as [Int32]))
  },
  .init("crossEntropy: target 4294967296 at index 0 is outside 0 ..< 3") {
    _ = crossEntropy(zeros([1, 3]), Tensor([1 << 32] as [Int64]))
  },
  .init("reshaped: [3, 4], which holds 12 elements, cannot become [5, -1]") {
    _ = zeros([3, 4]).reshaped([5, -1])
  },
  .init("reshaped: [4], which holds 4 elements, cannot become [-1, -4]") {
    _ = zeros([4]).reshaped([-1, -4])
  },
  .init("flattened: axis 3 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).flattened(from: 3) },
  .init("transposed: axis -2 of a tensor of shape [3]") { _ = zeros([3]).transposed() },
  .init("permuted: [0, 0] does not name each axis of shape [3, 4] once") {
    _ = zeros([3, 4]).permuted([0, 0])
  },
  .init("expanded: shapes [3, 4] and [3] do not broadcast") {
    _ = zeros([3, 4]).expanded(to: [3])
  },
  .init("expanded: shape [1, 4] does not expand to [3, 1]") {
    _ = zeros([1, 4]).expanded(to: [3, 1])
  },
  .init("expanded: shape [1] does not expand to [-2]") { _ = zeros([1]).expanded(to: [-2]) },
  .init("squeezed: axis 1 of shape [3, 4] has not size 1") { _ = zeros([3, 4]).squeezed(1) },
  .init("unsqueezed: no position 4 in a tensor of shape [3, 4]") {
    _ = zeros([3, 4]).unsqueezed(4)
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
  .init("requiresGrad: cannot be cleared on the result of multiply; use detach()") {
    (leaf([1]) * 2).requiresGrad = false
  },
  .init("grad: a gradient of shape [3] for a tensor of shape [1]") { leaf([1]).grad = zeros([3]) },
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
    x.detach().fill(7)
    y.backward()
  },
  .init(
    "backward: exp: a value of shape [2] that its gradient needs was changed in place by assign"
  ) {
    let y = leaf([1, 2]).exp()
    y.assign(zeros([2]))
    y.sum().backward()
  },
  .init("backward: crossEntropy: a value of shape [1] that its gradient needs was changed") {
    let logits = zeros([1, 2])
    logits.requiresGrad = true
    let targets = Tensor([1] as [Int32])
    let loss = crossEntropy(logits, targets)
    targets.assign(Tensor([0] as [Int32]))
    loss.backward()
  },
]

@Suite struct MisuseTests {
  @Test(arguments: misuses.indices)
  func stopsWithASentence(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in misuses[index].run() }
    expectMessage(misuses[index].sentence, of: result)
  }
}
