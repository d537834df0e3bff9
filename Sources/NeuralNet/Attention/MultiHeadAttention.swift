import Diagnostics
public import TensorCore

/// Attention of several heads: every head attends with its own projections of queries, keys and
/// values; their results lie side by side and are projected once more. Vaswani et al., 2017.
///
/// As PyTorch's `nn.MultiheadAttention`: the same weights under the same names, and masks are true
/// where a key is *hidden*. (In `scaledDotProductAttention` they are true where it may be seen, in
/// both libraries.)
public final class MultiHeadAttention: Module {
  /// The projections of queries, keys and values one below the other, `[3 · features, features]`;
  /// nil where keys or values have another number of features.
  public let inProjWeight: Tensor?
  /// The projection of queries, `[features, features]`; nil where there is `inProjWeight`.
  public let qProjWeight: Tensor?
  /// The projection of keys, `[features, keyFeatures]`; nil where there is `inProjWeight`.
  public let kProjWeight: Tensor?
  /// The projection of values, `[features, valueFeatures]`; nil where there is `inProjWeight`.
  public let vProjWeight: Tensor?
  /// The biases of the three projections, `[3 · features]`, or nil.
  public let inProjBias: Tensor?
  /// The projection of the heads' results.
  public let outProj: Linear
  private let features: Int
  private let heads: Int
  private let isBatchFirst: Bool
  private let dropProbability: Float
  private let generator: Generator?

  /// Projections of the inputs are those of `xavierUniform`, that of the result is uniform in
  /// ±1/√features; biases are 0. Stops unless `heads` divides `features`.
  ///
  /// - Parameters:
  ///   - dropout: The probability with which attention is dropped in training.
  ///   - batchFirst: Whether inputs and outputs are `[batch, time, …]` instead of `[time, batch, …]`.
  ///   - generator: What weights and dropout are drawn from; by default the default generator,
  ///     for dropout that of the time of the call.
  public init(
    _ features: Int, heads: Int, dropout: Float = 0, bias: Bool = true, keyFeatures: Int? = nil,
    valueFeatures: Int? = nil, batchFirst: Bool = false, generator: Generator? = nil
  ) {
    check(
      features > 0 && heads > 0 && features % heads == 0,
      "MultiHeadAttention: \(features) features cannot be cut into \(heads) heads of equal size")
    requireProbability("MultiHeadAttention", dropout)
    (self.features, self.heads, isBatchFirst) = (features, heads, batchFirst)
    (dropProbability, self.generator) = (dropout, generator)
    let source = generator ?? .default
    func projection(_ shape: Shape) -> Tensor {
      let weight = Tensor.zeros(shape)
      Initialization.xavierUniform(weight, generator: source)
      return weight.asParameter()
    }
    let (keys, values) = (keyFeatures ?? features, valueFeatures ?? features)
    let isPacked = keys == features && values == features
    inProjWeight = isPacked ? projection([3 * features, features]) : nil
    qProjWeight = isPacked ? nil : projection([features, features])
    kProjWeight = isPacked ? nil : projection([features, keys])
    vProjWeight = isPacked ? nil : projection([features, values])
    inProjBias = bias ? .zeros([3 * features]).asParameter() : nil
    outProj = Linear(features, features, bias: bias, generator: source)
    outProj.bias?.fill(0)
  }

  /// The result for each query, `[batch, queries, features]` if batch comes first, else `[queries,
  /// batch, features]`; `query`, `key` and `value` likewise.
  ///
  /// - Parameters:
  ///   - keyPaddingMask: `[batch, keys]`; true where a key is hidden from all queries, or floats that are added to the scores.
  ///   - attentionMask: `[queries, keys]`, or `[batch · heads, queries, keys]`, likewise.
  ///   - isCausal: Whether query i sees the keys 0 ... i only, besides what the masks say.
  public func callAsFunction(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil,
    attentionMask: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    let (q, k, v) = projected(query, key, value)
    let mask = scoreMask(keyPaddingMask, attentionMask, batch: q.shape[0])
    let attended = scaledDotProductAttention(
      q, k, v, mask: mask, isCausal: isCausal,
      dropout: isTraining ? dropProbability : 0, generator: generator ?? .default)
    let output = joined(attended)
    notifyForwardHooks([output])
    return output
  }

  /// As a call, and how much each query attends to each key, `[batch, queries, keys]`, the mean
  /// over the heads.
  ///
  /// Slower, and needs memory for every pair of query and key.
  public func withWeights(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil,
    attentionMask: Tensor? = nil, isCausal: Bool = false
  ) -> (output: Tensor, weights: Tensor) {
    let (q, k, v) = projected(query, key, value)
    var scores = matmul(q, k.transposed()) / Float(features / heads).squareRoot()
    if let mask = scoreMask(keyPaddingMask, attentionMask, batch: q.shape[0]) {
      scores = mask.dtype == .bool ? `where`(mask, scores, -.infinity) : scores + mask
    }
    if isCausal {
      let seen = Tensor.ones([scores.shape[2], scores.shape[3]]).tril() .== 1
      scores = `where`(seen, scores, -.infinity)
    }
    let weights = dropout(
      softmax(scores), probability: dropProbability, isTraining: isTraining,
      generator: generator ?? .default)
    let results = (output: joined(matmul(weights, v)), weights: weights.mean(axis: 1))
    notifyForwardHooks([results.output, results.weights])
    return results
  }

  /// Queries, keys and values of each head, `[batch, heads, time, features / heads]`.
  private func projected(
    _ query: Tensor, _ key: Tensor, _ value: Tensor
  ) -> (query: Tensor, key: Tensor, value: Tensor) {
    let batch = isBatchFirst ? 0 : 1
    check(
      query.axisCount == 3 && key.axisCount == 3 && value.axisCount == 3
        && key.shape[0] == value.shape[0]
        && key.shape[1] == value.shape[1] && query.shape[batch] == key.shape[batch]
        && query.shape[2] == features && key.shape[2] == (kProjWeight?.shape[1] ?? features)
        && value.shape[2] == (vProjWeight?.shape[1] ?? features),
      """
      MultiHeadAttention: query \(query.shape), key \(key.shape) and value \(value.shape); expected \
      \(isBatchFirst ? "[batch, time, …]" : "[time, batch, …]") with \(features) features
      """)
    let parts: [Tensor]
    let sizes = [features, features, features]
    if let inProjWeight, query === key, key === value {
      parts = linear(query, inProjWeight, inProjBias).split(sizes: sizes, axis: 2)
    } else {
      let packed = inProjWeight?.split(sizes: sizes)
      let weights = packed ?? [qProjWeight, kProjWeight, vProjWeight].compactMap { $0 }
      let biases = inProjBias?.split(sizes: sizes)
      parts = zip([query, key, value], 0...).map { linear($0, weights[$1], biases?[$1]) }
    }
    let all = parts.map {
      $0.reshaped([$0.shape[0], $0.shape[1], heads, features / heads])
        .permuted(isBatchFirst ? [0, 2, 1, 3] : [1, 2, 0, 3])
    }
    return (all[0], all[1], all[2])
  }

  /// The projection of the heads' results, `[batch, heads, time, features / heads]`.
  private func joined(_ heads: Tensor) -> Tensor {
    let rows = heads.permuted(isBatchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3])
    return outProj(rows.reshaped([rows.shape[0], rows.shape[1], features]))
  }

  /// Both masks as `scaledDotProductAttention` takes them: true where a key may be seen, or floats.
  private func scoreMask(_ padding: Tensor?, _ attention: Tensor?, batch: Int) -> Tensor? {
    for mask in [padding, attention] {
      check(
        mask.map { $0.dtype == .bool || $0.dtype.isFloatingPoint } ?? true,
        "MultiHeadAttention: a mask of \(mask?.dtype ?? .bool); expected bool or float32")
    }
    check(
      padding.map { $0.axisCount == 2 && $0.shape[0] == batch } ?? true,
      """
      MultiHeadAttention: a keyPaddingMask of shape \(padding?.shape ?? []); expected \
      [\(batch), keys]
      """)
    check(
      attention.map { $0.axisCount == 2 || ($0.axisCount == 3 && $0.shape[0] == batch * heads) }
        ?? true,
      """
      MultiHeadAttention: an attentionMask of shape \(attention?.shape ?? []); expected [queries, \
      keys] or [\(batch * heads), queries, keys]
      """)
    let masks = [
      padding.map { $0.unsqueezed(1).unsqueezed(1) },
      attention.map {
        $0.axisCount == 2 ? $0 : $0.reshaped([batch, heads, $0.shape[1], $0.shape[2]])
      },
    ].compactMap { $0 }
    guard masks.contains(where: { $0.dtype != .bool }) else {
      return masks.map { .!$0 }.reduce(nil) { both, mask in both.map { $0 .& mask } ?? mask }
    }
    return masks.map { mask in
      mask.dtype == .bool ? `where`(mask, .full([], -.infinity), .zeros([])) : mask
    }.reduce(nil) { both, mask in both.map { $0 + mask } ?? mask }
  }
}
