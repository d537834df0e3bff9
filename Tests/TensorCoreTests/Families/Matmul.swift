import TensorCore
import TestSupport

let matmulFamily = OperationFamily(
  "matmul",
  table: [
    "matmul": .init(
      .sum(of: 129), gradients: .sum(of: 129),
      lacks: { $0.shape(of: "input0").count != 2 || $0.shape(of: "input1").count != 2 }
    ) { matmul($1[0], $1[1]) },
    "linear": .init(.sum(of: 67), gradients: .sum(of: 67)) {
      linear($1[0], $1[1], $1.count > 2 ? $1[2] : nil)
    },
  ],
  missing: ["einsum"],
  differentiable: [
    .init("matmul", [[3, 4], [4, 5]]) { matmul($0[0], $0[1]) },
    .init("matmul of transposes", [[4, 3], [5, 4]]) {
      matmul($0[0].transposed(), $0[1].transposed())
    },
    .init("linear", [[2, 3, 4], [5, 4], [5]]) { linear($0[0], $0[1], $0[2]) },
    .init("linear without bias", [[4], [5, 4]]) { linear($0[0], $0[1]) },
  ],
  misuses: [
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
  ])
