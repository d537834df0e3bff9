import Diagnostics
import Elements
import Kernels
import Parallel

/// `softmax(query key^T * scale + mask) value` for each head.
///
/// `query` is `[…, queries, features]`, `key` `[…, keys, features]`, `value` `[…, keys,
/// valueFeatures]`; the result `[…, queries, valueFeatures]`. The axes in front broadcast, and may
/// lie in memory in any order: heads are taken as views without copies. Probabilities exist for a
/// block of queries at a time and are computed again for the gradient, from each query's largest
/// score and sum, so that memory grows with the number of queries and not with its square; they are
/// kept, in Float32, where they are no more than half as many numbers as operands and result have. A
/// query that sees no key gives 0. Dao et al., "FlashAttention", 2022.
///
/// - Parameters:
///   - mask: broadcasts to `[…, queries, keys]`; true where a key may be seen, or a float that is added to the score.
///   - isCausal: whether query i sees only the keys 0 ... i.
///   - scale: 1 / sqrt(features) where absent. Stops unless it is finite.
///   - dropout: the fraction of probabilities that is dropped, drawn from `generator`, and the rest scaled up.
public func scaledDotProductAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
  scale: Float? = nil, dropout: Float = 0, generator: Generator = .default
) -> Tensor {
  let name: StaticString = "scaledDotProductAttention"
  if let cast = Autocast(name) {
    return cast.run {
      scaledDotProductAttention(
        cast(query), cast(key), cast(value), mask: cast(mask), isCausal: isCausal, scale: scale,
        dropout: dropout, generator: generator)
    }
  }
  for tensor in [query, key, value] { tensor.requireFloat(name) }
  requireProbability(name, dropout)
  check(
    scale.map(\.isFinite) ?? true, "\(name): a scale of \(scale ?? 0); it must be finite")
  check(
    query.axisCount >= 2 && key.axisCount >= 2 && value.axisCount >= 2
      && query.shape.last == key.shape.last
      && key.shape[key.axisCount - 2] == value.shape[value.axisCount - 2],
    """
    \(name): query \(query.shape), key \(key.shape) and value \(value.shape): expected \
    […, queries, features], […, keys, features] and […, keys, valueFeatures]
    """)
  let mask = mask?.wide
  let attention = Attention(
    query, key, value, mask, isCausal: isCausal, scale: scale, dropout, generator)
  let result = attention.attend()
  let joint = JointGradient { attention.gradients($0) }
  return result.recorded(
    name,
    [
      query.edge { joint.share(0, of: $0) }, key.edge { joint.share(1, of: $0) },
      value.edge { joint.share(2, of: $0) }, mask?.edge { joint.share(3, of: $0) },
    ])
}

/// One call of attention, and what its gradient needs.
private struct Attention {
  private let query: Saved
  private let key: Saved
  private let value: Saved
  /// Added to the scores; its rows are contiguous.
  private let mask: Tensor?
  private let wantsMask: Bool
  private let normalizer: Tensor
  /// Of each head, where they are kept.
  private let probabilities: Tensor?
  private let batch: Shape
  private let plan: AttentionHead.Plan
  private let dropout: DropoutMask?
  private let queries: Int
  private let keys: Int
  private let features: Int
  private let valueFeatures: Int

  init(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, isCausal: Bool, scale: Float?,
    _ probability: Float, _ generator: Generator
  ) {
    let name: StaticString = "scaledDotProductAttention"
    let isRecorded = [query, key, value, mask].contains { $0?.isTracked ?? false }
    let (query, key, value) = (query.withDenseRows(), key.withDenseRows(), value.withDenseRows())
    (self.query, self.key, self.value) = (Saved(query), Saved(key), Saved(value))
    (queries, features) = (query.shape[query.axisCount - 2], query.shape[query.axisCount - 1])
    (keys, valueFeatures) = (key.shape[key.axisCount - 2], value.shape[value.axisCount - 1])
    batch = broadcast(
      broadcast(Shape(query.shape.dropLast(2)), Shape(key.shape.dropLast(2)), name),
      Shape(value.shape.dropLast(2)), name)
    plan = AttentionHead.Plan(
      queries: queries, keys: keys, features: features, valueFeatures: valueFeatures,
      scale: scale ?? 1 / Float(features).squareRoot(), isCausal: isCausal,
      isRecorded: isRecorded)
    var scores = batch
    scores.append(queries)
    scores.append(keys)
    self.mask = mask.map { additiveMask($0, scores) }
    wantsMask = mask?.isTracked ?? false
    normalizer = Tensor(uninitialized: [batch.elementCount, 2, plan.paddedQueries])
    probabilities =
      plan.keepsProbabilities
      ? Tensor(uninitialized: [batch.elementCount, plan.probabilityCount]) : nil
    let rowBlocks = batch.elementCount * queries * Int(DropoutMask.blocks(keys))
    dropout =
      probability > 0 ? DropoutMask(probability, count: rowBlocks * 4, generator) : nil
  }

  func attend() -> Tensor {
    let result = Tensor(uninitializedHeads: batch, queries, valueFeatures, query.dtype)
    let place = target(result)
    forEachHead { index, head, scratch in
      head.attend(into: place(index), scratch: scratch)
    }
    return result
  }

  /// Where the matrix of a head is in `tensor`.
  private func target(_ tensor: Tensor) -> (Int) -> ElementView {
    let strides = tensor.batchStrides(batch)
    let first = ElementView(
      tensor.address(), tensor.dtype, rowStride: tensor.strides[tensor.axisCount - 2])
    return { first.advanced(by: offset($0, batch, strides)) }
  }

  /// The gradients of query, key, value and mask, of the broadcast shapes.
  func gradients(_ gradient: Tensor) -> [Tensor?] {
    let gradient = gradient.withDenseRows()
    // In the layout of its operand, a gradient need not be copied to where it goes.
    let dq = Tensor(
      uninitializedHeads: batch, queries, features, query.dtype, apart: query.value.isContiguous)
    let dk = Tensor(
      uninitializedHeads: batch, keys, features, key.dtype, apart: key.value.isContiguous)
    let dv = Tensor(
      uninitializedHeads: batch, keys, valueFeatures, value.dtype, apart: value.value.isContiguous)
    var shape = batch
    shape.append(queries)
    shape.append(keys)
    // Scores that a query does not see have no gradient.
    let dm = wantsMask ? Tensor.zeros(shape) : nil
    let (queryPlace, keyPlace, valuePlace) = (target(dq), target(dk), target(dv))
    let (operand, strides) = (gradient.matrixView, gradient.batchStrides(batch))
    let maskGradient = dm?.pointer(Float.self)
    forEachHead { index, head, scratch in
      let share = operand.advanced(by: offset(index, batch, strides))
      head.differentiate(
        share.widened(queries, valueFeatures, in: scratch + plan.scratchSize),
        query: queryPlace(index), key: keyPlace(index), value: valuePlace(index),
        mask: maskGradient.map { $0 + index * queries * keys }, scratch: scratch)
    }
    withExtendedLifetime(gradient) {}
    return [dq, dk, dv, dm]
  }

  /// Calls `body` for every head, spread over the threads, with working memory and, behind it, room
  /// for a widened result. A head's query, key and value are used for many blocks, and so are widened
  /// once.
  private func forEachHead(_ body: (Int, AttentionHead, UnsafeMutablePointer<Float>) -> Void) {
    let (query, key, value) = (query.value, key.value, value.value)
    let (q, k, v) = (query.matrixView, key.matrixView, value.matrixView)
    let (qStrides, kStrides) = (query.batchStrides(batch), key.batchStrides(batch))
    let vStrides = value.batchStrides(batch)
    let maskStrides = mask?.batchStrides(batch)
    let maskPointer = mask?.pointer(Float.self)
    let maskStride = mask.map { $0.strides[$0.axisCount - 2] } ?? 0
    let normalizers: UnsafeMutablePointer<Float> = normalizer.pointer()
    let kept = probabilities?.pointer(Float.self)
    parallelRows(batch.elementCount, queries * keys * 8) { first, count in
      let (querySize, keySize) = (queries * features, keys * features)
      let (resultSize, valueSize) = (queries * valueFeatures, keys * valueFeatures)
      let scratch = Storage(
        byteCount: 4 * (plan.scratchSize + resultSize + querySize + keySize + valueSize))
      let floats = scratch.pointer.assumingMemoryBound(to: Float.self)
      let widened = floats + plan.scratchSize + resultSize
      for index in first..<(first + count) {
        let head = AttentionHead(
          plan,
          query: q.advanced(by: offset(index, batch, qStrides))
            .widened(queries, features, in: widened),
          key: k.advanced(by: offset(index, batch, kStrides))
            .widened(keys, features, in: widened + querySize),
          value: v.advanced(by: offset(index, batch, vStrides))
            .widened(keys, valueFeatures, in: widened + querySize + keySize),
          mask: maskPointer.map { $0 + offset(index, batch, maskStrides ?? []) },
          maskStride: maskStride, normalizer: normalizers + index * 2 * plan.paddedQueries,
          kept: kept.map { $0 + index * plan.probabilityCount }, drop: drop(index))
        body(index, head, floats)
      }
      withExtendedLifetime(scratch) {}
    }
    withExtendedLifetime((query, key, value)) {}
  }

  /// What drops probabilities of head `index`: every row has numbers of its own.
  private func drop(_ index: Int) -> AttentionHead.Drop? {
    guard let dropout else { return nil }
    let perRow = DropoutMask.blocks(keys)
    return { query, width, numbers in
      let number = UInt64(index * queries + query)
      dropout.apply(width, numbers, into: numbers, from: number * perRow)
    }
  }
}

/// `mask` as floats to add to scores of shape `scores`, with contiguous rows.
private func additiveMask(_ mask: Tensor, _ scores: Shape) -> Tensor {
  let name: StaticString = "scaledDotProductAttention"
  check(
    mask.dtype == .bool || mask.dtype == .float32,
    "\(name): a mask of \(mask.dtype); expected bool or float32")
  check(
    mask.axisCount <= scores.count && broadcast(mask.shape, scores, name) == scores,
    "\(name): mask \(mask.shape) does not broadcast to the scores \(scores)")
  var values = mask.detached()
  while values.axisCount < 2 { values = values.unsqueezed(0) }
  if values.dtype == .bool { values = `where`(values, .zeros([]), .full([], -.infinity)) }
  var shape = values.shape
  shape[shape.count - 1] = scores[scores.count - 1]
  let rows = values.expanded(to: shape).contiguousValues()
  // A single row serves all queries.
  shape[shape.count - 2] = scores[scores.count - 2]
  return rows.expanded(to: shape)
}

extension Tensor {
  /// New memory for `[…, rows, columns]`, in which the rows of the heads of a sample lie side by
  /// side: joining the heads is then a view. With `apart`, contiguous.
  fileprivate convenience init(
    uninitializedHeads batch: Shape, _ rows: Int, _ columns: Int, _ dtype: DType,
    apart: Bool = false
  ) {
    var shape = batch
    shape.append(rows)
    shape.append(columns)
    var strides = shape.contiguousStrides
    if batch.count >= 2, !apart {
      let heads = batch[batch.count - 1]
      strides[batch.count - 1] = columns
      strides[batch.count] = heads * columns
    }
    self.init(
      storage: Storage(byteCount: shape.elementCount * dtype.size), dtype: dtype, shape: shape,
      strides: strides, offset: 0, isView: false)
  }
}
