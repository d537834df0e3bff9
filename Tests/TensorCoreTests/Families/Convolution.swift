import TensorCore
import TestSupport

let convolutionFamily = OperationFamily(
  "convolution",
  table: [
    "conv1d": .init {
      conv1d(
        $1[0], $1[1], $1.count > 2 ? $1[2] : nil, stride: try $0.whole("stride"),
        padding: try $0.whole("padding"), dilation: try $0.whole("dilation"),
        groups: try $0.whole("groups"))
    },
    "conv2d": .init {
      conv2d(
        $1[0], $1[1], $1.count > 2 ? $1[2] : nil, stride: try $0.pair("stride"),
        padding: try $0.pair("padding"), dilation: try $0.pair("dilation"),
        groups: try $0.whole("groups"))
    },
    "convTranspose2d": .init {
      convTranspose2d(
        $1[0], $1[1], $1.count > 2 ? $1[2] : nil, stride: try $0.pair("stride"),
        padding: try $0.pair("padding"), outputPadding: try $0.pair("outputPadding"),
        dilation: try $0.pair("dilation"), groups: try $0.whole("groups"))
    },
    "maxPool2d": .init(.exact) {
      maxPool2d(
        $1[0], kernel: try $0.pair("kernel"), stride: try $0.pair("stride"),
        padding: try $0.pair("padding"))
    },
    "avgPool2d": .init {
      avgPool2d(
        $1[0], kernel: try $0.pair("kernel"), stride: try $0.pair("stride"),
        padding: try $0.pair("padding"),
        countIncludesPadding: try $0.flag("countIncludesPadding"))
    },
    "adaptiveAvgPool2d": .init { adaptiveAvgPool2d($1[0], size: try $0.pair("size")) },
  ],
  differentiable: [
    .init("conv1d", [[2, 4, 9], [6, 2, 3], [6]]) {
      conv1d($0[0], $0[1], $0[2], stride: 2, padding: 1, dilation: 2, groups: 2)
    },
    .init("conv2d", [[2, 3, 5, 4], [4, 3, 3, 3], [4]]) { conv2d($0[0], $0[1], $0[2], padding: 1) },
    .init("conv2d with stride, dilation and groups", [[1, 4, 7, 8], [2, 2, 3, 2]]) {
      conv2d($0[0], $0[1], stride: (2, 3), padding: (2, 1), dilation: (2, 1), groups: 2)
    },
    .init("conv2d of channels one by one", [[1, 3, 5, 5], [3, 1, 3, 3]]) {
      conv2d($0[0], $0[1], padding: 1, groups: 3)
    },
    .init("conv2d with a stride beyond the kernel", [[1, 2, 7, 7], [3, 2, 2, 2]]) {
      conv2d($0[0], $0[1], stride: 3)
    },
    .init("convTranspose2d", [[2, 4, 3, 3], [4, 2, 3, 3], [4]]) {
      convTranspose2d($0[0], $0[1], $0[2], stride: 2, padding: 1, outputPadding: 1, groups: 2)
    },
    .init("maxPool1d", [[2, 3, 7]]) {
      maxPool1d(apart($0[0]), kernel: 3, stride: 2, padding: 1)
    },
    .init("maxPool2d", [[1, 2, 6, 6]]) { maxPool2d(apart($0[0]), kernel: 2) },
    .init("avgPool1d", [[2, 3, 7]]) {
      avgPool1d($0[0], kernel: 3, stride: 2, padding: 1, countIncludesPadding: false)
    },
    .init("avgPool2d", [[1, 2, 6, 6]]) { avgPool2d($0[0], kernel: 3, stride: 2, padding: 1) },
    .init("adaptiveAvgPool2d", [[1, 2, 5, 6]]) { adaptiveAvgPool2d($0[0], size: 4) },
    .init("adaptiveAvgPool2d to one value", [[2, 2, 5, 6]]) { adaptiveAvgPool2d($0[0], size: 1) },
  ],
  misuses: convolutionMisuses + poolingMisuses)

private let convolutionMisuses: [Misuse] = [
  .init("conv1d: input [1, 2, 3, 4] and weight [2, 2, 3]: they must be") {
    _ = conv1d(zeros([1, 2, 3, 4]), zeros([2, 2, 3]))
  },
  .init("conv2d: input [3, 4] and weight [2, 3, 1, 1]: both need four dimensions") {
    _ = conv2d(zeros([3, 4]), zeros([2, 3, 1, 1]))
  },
  .init("conv2d: a tensor of int32") { _ = conv2d(ints(), zeros([2, 3, 1, 1])) },
  .init("conv2d: a weight of shape [2, 0, 1, 1] holds nothing") {
    _ = conv2d(zeros([1, 0, 4, 4]), zeros([2, 0, 1, 1]))
  },
  .init("conv2d: an input of 3 channels for a weight of shape [4, 2, 3, 3] and 1 groups") {
    _ = conv2d(zeros([1, 3, 5, 5]), zeros([4, 2, 3, 3]))
  },
  .init("conv2d: 5 output channels cannot be cut into 2 groups") {
    _ = conv2d(zeros([1, 4, 5, 5]), zeros([5, 2, 3, 3]), padding: 0, groups: 2)
  },
  .init("conv2d: a bias of shape [3] for 4 output channels") {
    _ = conv2d(zeros([1, 3, 5, 5]), zeros([4, 3, 3, 3]), zeros([3]))
  },
  .init("conv2d: a kernel of 3 x 3 with dilation 2 x 1 is larger than the input of 2 x 4") {
    _ = conv2d(zeros([1, 1, 2, 4]), zeros([1, 1, 3, 3]), padding: (1, 0), dilation: (2, 1))
  },
  .init("conv2d: stride 0 x 1; it must be positive") {
    _ = conv2d(zeros([1, 1, 4, 4]), zeros([1, 1, 3, 3]), stride: (0, 1))
  },
  .init("conv2d: dilation 0 x 0; it must be positive") {
    _ = conv2d(zeros([1, 1, 4, 4]), zeros([1, 1, 3, 3]), stride: 1, dilation: 0)
  },
  .init("conv2d: padding -1 x -1; it must not be negative") {
    _ = conv2d(zeros([1, 1, 4, 4]), zeros([1, 1, 3, 3]), padding: -1)
  },
  .init("conv2d: 0 groups; there must be at least one") {
    _ = conv2d(zeros([1, 1, 4, 4]), zeros([1, 1, 3, 3]), padding: 0, groups: 0)
  },
  .init("convTranspose2d: an input of 3 channels for a weight of shape [2, 3, 3, 3]") {
    _ = convTranspose2d(zeros([1, 3, 4, 4]), zeros([2, 3, 3, 3]))
  },
  .init("convTranspose2d: 3 input channels cannot be cut into 2 groups") {
    _ = convTranspose2d(zeros([1, 3, 4, 4]), zeros([3, 3, 3, 3]), stride: 1, groups: 2)
  },
  .init("convTranspose2d: outputPadding 2 x 2; it must be less than the stride 2 x 2") {
    _ = convTranspose2d(zeros([1, 3, 4, 4]), zeros([3, 3, 3, 3]), stride: 2, outputPadding: 2)
  },
  .init("convTranspose2d: nothing is left of the result of an input of shape [1, 3, 1, 1]") {
    _ = convTranspose2d(zeros([1, 3, 1, 1]), zeros([3, 3, 3, 3]), stride: 1, padding: 2)
  },
]

private let poolingMisuses: [Misuse] = [
  .init("maxPool2d: input [2, 3]; it must be") { _ = maxPool2d(zeros([2, 3]), kernel: 2) },
  .init("maxPool2d: a tensor of int32") { _ = maxPool2d(ints(), kernel: 2) },
  .init("maxPool2d: a kernel of 0 x 0; it must be positive") {
    _ = maxPool2d(zeros([1, 1, 4, 4]), kernel: 0)
  },
  .init("maxPool2d: stride 0 x 0; it must be positive") {
    _ = maxPool2d(zeros([1, 1, 4, 4]), kernel: 2, stride: 0)
  },
  .init("maxPool2d: padding 2 x 2 for a kernel of 3 x 3; it may be half the kernel at most") {
    _ = maxPool2d(zeros([1, 1, 4, 4]), kernel: 3, padding: 2)
  },
  .init("avgPool2d: a kernel of 5 x 2 is larger than the input of 4 x 4") {
    _ = avgPool2d(zeros([1, 1, 4, 4]), kernel: (5, 2))
  },
  .init("maxPool1d: input [4]; it must be [batch, channels, length]") {
    _ = maxPool1d(zeros([4]), kernel: 2)
  },
  .init("avgPool1d: input [4]; it must be [batch, channels, length]") {
    _ = avgPool1d(zeros([4]), kernel: 2)
  },
  .init("adaptiveAvgPool2d: a result of 0 x 1; it must hold something") {
    _ = adaptiveAvgPool2d(zeros([1, 1, 4, 4]), size: (0, 1))
  },
  .init("adaptiveAvgPool2d: input [4, 4]; it must be") {
    _ = adaptiveAvgPool2d(zeros([4, 4]), size: 1)
  },
]

/// `x / 8` with a different integer added to each value, so that small steps of x leave their order
/// as it is.
private func apart(_ x: Tensor) -> Tensor {
  let places = Tensor.permutation(x.count, generator: Generator(seed: 3))
  return x / 8 + places.converted(to: .float32).reshaped(x.shape)
}

extension FixtureCase {
  fileprivate func whole(_ name: String) throws -> Int { try integer(name) ?? 0 }

  fileprivate func pair(_ name: String) throws -> (Int, Int) {
    let numbers = try integers(name) ?? []
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
  }
}
