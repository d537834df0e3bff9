import TensorCore
import TestSupport
import Testing

/// Attention, which goes through the queries in blocks, against its formula on whole matrices.
@Suite struct AttentionTests {
  private struct Result {
    let output: Tensor
    let gradients: [Tensor]

    init(_ inputs: [Tensor], _ function: ([Tensor]) -> Tensor) {
      let inputs = inputs.map { $0.detach() }
      for input in inputs { input.requiresGrad = true }
      output = function(inputs)
      output.backward(gradient: gridValues(output.shape, seed: 9))
      gradients = inputs.compactMap(\.grad)
    }
  }

  /// softmax(query key^T / sqrt(features) + mask) value, without what comes after a query.
  private func formula(_ inputs: [Tensor], isCausal: Bool) -> Tensor {
    var scores = matmul(inputs[0] / Float(inputs[0].rowSize).squareRoot(), inputs[1].transposed())
    if inputs.count > 3 { scores = scores + inputs[3] }
    if isCausal {
      let seen = Tensor.ones(scores.shape).tril()
      scores = `where`(seen .== 0, Tensor(-Float.infinity), scores)
    }
    return matmul(softmax(scores), inputs[2])
  }

  /// One block and several, whole ones and ends of one, wide scores and more queries than keys.
  @Test(
    arguments: [
      (16, 16), (48, 70), (64, 64), (70, 70), (150, 40), (40, 150), (129, 200), (70, 600),
    ],
    [false, true])
  func blocksGiveWhatTheFormulaGives(_ size: (queries: Int, keys: Int), _ isCausal: Bool) {
    let mask = gridValues([size.queries, size.keys], seed: 4)
    let inputs = [
      gridValues([2, size.queries, 24], seed: 1), gridValues([2, size.keys, 24], seed: 2),
      gridValues([2, size.keys, 40], seed: 3), mask,
    ]
    for count in [3, 4] {
      let exact = Result(Array(inputs[..<count])) { formula($0, isCausal: isCausal) }
      let found = Result(Array(inputs[..<count])) {
        scaledDotProductAttention(
          $0[0], $0[1], $0[2], mask: count == 4 ? $0[3] : nil, isCausal: isCausal)
      }
      expectClose(found.output, to: exact.output, within: .sum(of: 64))
      #expect(found.gradients.count == count)
      for (gradient, exact) in zip(found.gradients, exact.gradients) {
        expectClose(gradient, to: exact, within: .sum(of: 256), "\(size), \(count)")
      }
    }
  }
}
