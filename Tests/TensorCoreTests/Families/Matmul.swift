import TensorCore
import TestSupport

let matmulFamily = OperationFamily(
  "matmul",
  table: [
    "matmul": .init(.sum(of: 129), gradients: .sum(of: 129)) { matmul($1[0], $1[1]) },
    "einsum": .init(.sum(of: 20), gradients: .sum(of: 20)) { try einsum($0.text("equation"), $1) },
    "linear": .init(.sum(of: 67), gradients: .sum(of: 67)) {
      linear($1[0], $1[1], $1.count > 2 ? $1[2] : nil)
    },
  ],
  differentiable: [
    .init("matmul", [[3, 4], [4, 5]]) { matmul($0[0], $0[1]) },
    .init("matmul of transposes", [[4, 3], [5, 4]]) {
      matmul($0[0].transposed(), $0[1].transposed())
    },
    .init("linear", [[2, 3, 4], [5, 4], [5]]) { linear($0[0], $0[1], $0[2]) },
    .init("linear without bias", [[4], [5, 4]]) { linear($0[0], $0[1]) },
    .init("linear of one output", [[3, 4], [4]]) { linear($0[0], $0[1]) },
    .init("matmul of vectors", [[5], [5]]) { matmul($0[0], $0[1]) },
    .init("matmul, broadcast", [[2, 1, 3, 4], [5, 4, 2]]) { matmul($0[0], $0[1]) },
    .init("matmul of many and one", [[2, 3, 4], [4, 5]]) { matmul($0[0], $0[1]) },
    .init("einsum of a product", [[3, 4], [5, 4]]) { einsum("ij,kj->ik", $0) },
    .init("einsum of batches", [[2, 3, 4], [2, 4, 5]]) { einsum("bij,bjk->bik", $0) },
    .init("einsum of three", [[3, 4], [4, 5], [3, 5]]) { einsum("bi,ij,bj->b", $0) },
    .init("einsum of a diagonal", [[3, 3], [3, 2]]) { einsum("ii,ij->j", $0) },
    .init("einsum of sums", [[3, 4], [2]]) { einsum("ij,k->jk", $0) },
    .init("einsum of other axes", [[2, 1, 3, 4], [5, 4, 2]]) { einsum("...ij,...jk->...ik", $0) },
    .init("einsum of size 1", [[3, 1], [3, 4]]) { einsum("ij,ij->j", $0) },
    .init("einsum without a result", [[3, 4], [4, 3]]) { einsum("ij,ji", $0) },
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
    .init("einsum: ij,jk->ik: 'j' has sizes 4 and 5") {
      _ = einsum("ij,jk->ik", zeros([3, 4]), zeros([5, 2]))
    },
    .init("einsum: ij->ik: each letter of the result must occur once in it and in an operand") {
      _ = einsum("ij->ik", zeros([3, 4]))
    },
    .init("einsum: ii->i: 'i' has sizes 3 and 2 in one operand") {
      _ = einsum("ii->i", zeros([3, 2]))
    },
    .init("einsum: i...j: 'i...j' for an operand of shape [3]") { _ = einsum("i...j", zeros([3])) },
    .init("einsum: i..->i: 'i..' for an operand of shape [3]") { _ = einsum("i..->i", zeros([3])) },
    .init("einsum: ij,jk: 2 operands in the equation, 1 given") {
      _ = einsum("ij,jk", zeros([3, 4]))
    },
    .init("einsum: i->: 'i' for an operand of shape [3, 4]") { _ = einsum("i->", zeros([3, 4])) },
    .init("linear: a tensor of int32") {
      _ = linear(zeros([2, 1]), ints().reshaped([2, 1]))
    },
  ])
