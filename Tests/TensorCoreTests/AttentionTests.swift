import TensorCore
import TestSupport
import Testing

/// Attention, which goes through the queries in blocks, against its formula on whole matrices.
@Suite struct AttentionTests {
  private struct Result {
    let output: Tensor
    let gradients: [Tensor]

    init(_ inputs: [Tensor], _ function: ([Tensor]) -> Tensor) {
      let inputs = inputs.map { $0.detached() }
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

  /// One block and several, whole ones and ends of one, wide scores and more queries than keys;
  /// probabilities that are kept for the gradient, and such as are computed again.
  @Test(
    arguments: [
      (16, 16), (48, 70), (64, 64), (150, 20), (70, 70), (150, 40), (40, 150), (129, 200),
      (70, 600),
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
      for (gradient, exact) in matched(found.gradients, exact.gradients) {
        expectClose(gradient, to: exact, within: .sum(of: 256), "\(size), \(count)")
      }
    }
  }

  /// Values that name their key show by what dropout multiplied each probability.
  @Test(arguments: [(70, 70), (150, 40), (60, 40), (150, 20)])
  func dropoutOfSeveralBlocks(_ size: (queries: Int, keys: Int)) {
    let (query, key) = (
      gridValues([2, size.queries, 24], seed: 1), gridValues([2, size.keys, 24], seed: 2)
    )
    func attention(_ query: Tensor, _ key: Tensor, _ value: Tensor, dropping: Float) -> Tensor {
      scaledDotProductAttention(
        query, key, value, isCausal: true, dropout: dropping,
        generator: Generator(seed: 6))
    }
    let names = Tensor.eye(size.keys).expanded(to: [2, size.keys, size.keys])
    let whole = attention(query, key, names, dropping: 0)
    let dropped = attention(query, key, names, dropping: 0.25)
    let isKept = (dropped .> 0).converted(to: .float32)
    expectClose(dropped, to: whole * isKept / 0.75, within: .sum(of: 4))
    let share = Float(isKept.sum().item() / (whole .> 0).sum().item())
    #expect(abs(share - 0.75) < 0.02)

    let inputs = [query, key, gridValues([2, size.keys, 40], seed: 3)]
    let exact = Result(inputs) { inputs in
      let seen = Tensor.ones([size.queries, size.keys]).tril()
      let scores = matmul(inputs[0], inputs[1].transposed()) / Float(24).squareRoot()
      let p = softmax(`where`(seen .== 0, Tensor(-Float.infinity), scores))
      return matmul(p * isKept / 0.75, inputs[2])
    }
    let found = Result(inputs) { attention($0[0], $0[1], $0[2], dropping: 0.25) }
    expectClose(found.output, to: exact.output, within: .sum(of: 64))
    for (gradient, exact) in matched(found.gradients, exact.gradients) {
      expectClose(gradient, to: exact, within: .sum(of: 256), "\(size)")
    }
  }
}
