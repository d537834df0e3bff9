import TensorCore
import TestSupport

private func attention(
  _ inputs: [Tensor], mask: Tensor? = nil, isCausal: Bool = false, dropout: Float = 0
) -> Tensor {
  scaledDotProductAttention(
    inputs[0], inputs[1], inputs[2], mask: mask, isCausal: isCausal, dropout: dropout,
    generator: Generator(seed: 5))
}

let attentionFamily = OperationFamily(
  "attention",
  table: [
    "scaledDotProductAttention": .init { example, inputs in
      scaledDotProductAttention(
        inputs[0], inputs[1], inputs[2], mask: inputs.count > 3 ? inputs[3] : nil,
        isCausal: try example.flag("causal"), scale: example.optionalNumber("scale"))
    }
  ],
  differentiable: [
    .init("attention", [[2, 3, 4], [2, 5, 4], [2, 5, 6]]) { attention($0) },
    .init(
      "attention, causal, several blocks", [[1, 130, 4], [1, 130, 4], [1, 130, 2]], in: -1...1
    ) {
      attention($0, isCausal: true)
    },
    .init("attention, causal, more keys than queries", [[3, 4], [6, 4], [6, 2]]) {
      attention($0, isCausal: true)
    },
    .init("attention, causal, more queries than keys", [[6, 4], [3, 4], [3, 2]]) {
      attention($0, isCausal: true)
    },
    .init("attention with one key for all heads", [[2, 3, 4, 2], [4, 2], [1, 1, 4, 2]]) {
      attention($0)
    },
    .init("attention with an additive mask", [[2, 3, 4], [2, 5, 4], [2, 5, 2], [3, 5]]) {
      attention($0, mask: $0[3])
    },
    .init(
      "attention with a mask of queries, causal", [[2, 3, 4], [2, 3, 4], [2, 3, 2], [2, 3, 1]]
    ) {
      attention($0, mask: $0[3], isCausal: true)
    },
    .init("attention with dropout", [[2, 3, 4], [2, 70, 4], [2, 70, 2]], in: -1...1) {
      attention($0, dropout: 0.25)
    },
    .init("attention over views of heads", [[2, 5, 12], [2, 5, 12], [2, 5, 12]]) {
      let heads = $0.map { $0.reshaped([2, 5, 3, 4]).transposed(1, 2) }
      return attention(heads, isCausal: true).transposed(1, 2).reshaped([2, 5, 12])
    },
  ],
  misuses: [
    .init(
      "scaledDotProductAttention: query [2, 3], key [4, 5] and value [4, 5]: expected "
        + "[…, queries, features], […, keys, features] and […, keys, valueFeatures]"
    ) {
      attention([zeros([2, 3]), zeros([4, 5]), zeros([4, 5])]).fill(0)
    },
    .init("scaledDotProductAttention: a tensor of int32") {
      attention([ints(), ints(), ints()]).fill(0)
    },
    .init("scaledDotProductAttention: mask [1, 2, 3] does not broadcast") {
      attention([zeros([2, 3]), zeros([3, 3]), zeros([3, 3])], mask: zeros([1, 2, 3])).fill(0)
    },
    .init("scaledDotProductAttention: a mask of int32; expected bool or float32") {
      attention([zeros([2, 3]), zeros([2, 3]), zeros([2, 3])], mask: ints()).fill(0)
    },
    .init("scaledDotProductAttention: probability -0.5 is not between 0 and 1") {
      attention([zeros([2, 3]), zeros([2, 3]), zeros([2, 3])], dropout: -0.5).fill(0)
    },
  ])

extension FixtureCase {
  /// The attribute `name`; nil where it is null.
  fileprivate func optionalNumber(_ name: String) -> Float? {
    (try? number(name)).map { Float($0) }
  }
}
