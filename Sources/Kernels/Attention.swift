import CKernels
package import Elements

/// One head of attention: `queries` rows of `features`, `keys` rows of `features` and of
/// `valueFeatures`.
package struct AttentionHead {
  /// Drops some of `width` numbers of a query, and scales the others up.
  package typealias Drop = (
    _ query: Int, _ width: Int, _ numbers: UnsafeMutablePointer<Float>
  ) -> Void

  let plan: Plan
  let query: ElementView
  let key: ElementView
  let value: ElementView
  let mask: UnsafePointer<Float>?
  let maskStride: Int
  /// Of each query the largest score, and behind these of each what its exponentials are multiplied by.
  let normalizer: UnsafeMutablePointer<Float>
  let kept: UnsafeMutablePointer<Float>?
  let drop: Drop?

  /// A head with an additive `mask`, rows `maskStride` apart, room for a `normalizer` of two numbers
  /// for each of `paddedQueries`, and for its probabilities if they are `kept`.
  package init(
    _ plan: Plan, query: ElementView, key: ElementView, value: ElementView,
    mask: UnsafePointer<Float>?, maskStride: Int, normalizer: UnsafeMutablePointer<Float>,
    kept: UnsafeMutablePointer<Float>?, drop: Drop?
  ) {
    self.plan = plan
    self.query = query
    self.key = key
    self.value = value
    self.mask = mask
    self.maskStride = maskStride
    self.normalizer = normalizer
    self.kept = kept
    self.drop = drop
  }

  /// Working memory: blocks of a number for each key and lane.
  private struct Scratch {
    let scores: UnsafeMutablePointer<Float>
    let gradient: UnsafeMutablePointer<Float>
    /// The mask, and after that what dropout multiplies by.
    let factors: UnsafeMutablePointer<Float>
    let spare: UnsafeMutablePointer<Float>

    init(_ memory: UnsafeMutablePointer<Float>, _ plan: Plan) {
      let size = plan.blockQueries * plan.keys
      (scores, gradient) = (memory, memory + size)
      (factors, spare) = (memory + 2 * size, memory + 3 * size)
    }
  }

  /// Where the probabilities of `block` are.
  private func probabilities(_ block: Block, _ scratch: Scratch) -> UnsafeMutablePointer<Float> {
    kept.map { $0 + block.first * plan.keys } ?? scratch.scores
  }

  /// `scores` of `block` before the softmax, and the mask, or nil, that belongs to them.
  private func compute(
    _ scores: UnsafeMutablePointer<Float>, _ block: Block, _ scratch: Scratch
  ) -> UnsafePointer<Float>? {
    multiply(block, key, query, plan.features, into: scores)
    guard let mask else { return nil }
    placeInLanes(
      block, mask + block.first * maskStride, stride: maskStride, into: scratch.factors)
    return UnsafePointer(scratch.factors)
  }

  /// `target` = the products of each key's row of `a` with each query's row of `b`, where a query
  /// sees the key.
  private func multiply(
    _ block: Block, _ a: ElementView, _ b: ElementView, _ features: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    gemm(
      m: block.width, n: block.rows, k: features, a, b.from(row: block.first).transposed,
      into: target, leading: plan.blockQueries, triangle: .upperC(diagonal: block.seen))
  }

  /// `target` = the sums over the keys that a query sees of `numbers` times the key's row of `b`.
  private func sumOverKeys(
    _ block: Block, _ numbers: UnsafeMutablePointer<Float>, _ b: ElementView, _ features: Int,
    into target: ElementView
  ) {
    gemm(
      m: block.rows, n: features, k: block.width,
      ElementView(matrix: numbers, leading: plan.blockQueries, isTransposed: true), b,
      into: target.from(row: block.first),
      triangle: .lowerA(diagonal: block.seen))
  }

  /// Adds to the rows of `sums` the sums over the queries that see a key of `numbers` times the
  /// query's row of `b`; overwrites them in the first block.
  private func sumOverQueries(
    _ block: Block, _ numbers: UnsafeMutablePointer<Float>, _ b: ElementView, _ features: Int,
    into sums: ElementView, isFirst: Bool
  ) {
    gemm(
      m: block.width, n: features, k: block.rows,
      ElementView(matrix: numbers, leading: plan.blockQueries), b.from(row: block.first),
      into: sums, accumulate: !isFirst,
      triangle: .upperA(diagonal: block.seen))
  }

  /// Writes rows of numbers of each query, `stride` apart, to the queries' lanes.
  private func placeInLanes(
    _ block: Block, _ rows: UnsafePointer<Float>, stride: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    for lane in Swift.stride(from: 0, to: plan.blockQueries, by: lanes) {
      lk_lanes_from_rows(
        max(0, min(lanes, block.rows - lane)), block.width, rows + lane * stride, stride,
        target + lane, plan.blockQueries)
    }
  }

  /// Writes to `factors` what dropout multiplies probabilities by.
  private func computeFactors(_ block: Block, _ drop: Drop, _ scratch: Scratch) {
    scratch.spare.update(repeating: 1, count: block.rows * block.width)
    for row in 0..<block.rows {
      drop(block.first + row, block.width, scratch.spare + row * block.width)
    }
    placeInLanes(block, scratch.spare, stride: block.width, into: scratch.factors)
  }

  /// Probabilities `p` after dropout; `scratch` then holds its factors, if there are any.
  private func dropped(
    _ p: UnsafeMutablePointer<Float>, _ block: Block, _ scratch: Scratch
  ) -> UnsafeMutablePointer<Float> {
    guard let drop else { return p }
    computeFactors(block, drop, scratch)
    multiplyByFactors(block, p, scratch, into: scratch.spare)
    return scratch.spare
  }

  /// `target = numbers * factors`.
  private func multiplyByFactors(
    _ block: Block, _ numbers: UnsafeMutablePointer<Float>, _ scratch: Scratch,
    into target: UnsafeMutablePointer<Float>
  ) {
    lk_multiply(block.width * plan.blockQueries, target, 1, numbers, 1, scratch.factors, 1)
  }

  /// `out` = softmax(query key^T scale + mask) value.
  package func attend(into out: ElementView, scratch memory: UnsafeMutablePointer<Float>) {
    let scratch = Scratch(memory, plan)
    plan.forEachBlock { block in
      let p = probabilities(block, scratch)
      let mask = compute(p, block, scratch)
      lk_attention_softmax(
        block.width, plan.blockQueries, p, plan.scale, mask, block.seen, normalizer + block.first,
        normalizer + plan.paddedQueries + block.first)
      let used = dropped(p, block, scratch)
      sumOverKeys(block, used, value, plan.valueFeatures, into: out)
    }
  }

  /// The gradients of query, key and value, and of the mask where wanted (its rows are `keys`
  /// long), from that of the result; probabilities that were not kept are computed again.
  package func differentiate(
    _ gradient: ElementView, query dq: ElementView, key dk: ElementView, value dv: ElementView,
    mask dm: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    // Those of key and value grow with every block: in float32, and are rounded at the end.
    let keyRows = RowOperand(dk, columns: plan.features, .write)
    let valueRows = RowOperand(dv, columns: plan.valueFeatures, .write)
    withMatrices(rows: plan.keys, [keyRows, valueRows]) { at, strides in
      differentiate(
        gradient, query: dq, key: ElementView(at[0], .float32, rowStride: strides[0]),
        value: ElementView(at[1], .float32, rowStride: strides[1]), mask: dm,
        Scratch(scratch, plan))
    }
  }

  private func differentiate(
    _ gradient: ElementView, query dq: ElementView, key dk: ElementView, value dv: ElementView,
    mask dm: UnsafeMutablePointer<Float>?, _ scratch: Scratch
  ) {
    let g = scratch.gradient
    let (features, valueFeatures) = (plan.features, plan.valueFeatures)
    let seen = plan.isCausal ? min(plan.keys, plan.queries) : plan.keys
    let unseen = (plan.queries == 0 ? 0 : seen)..<plan.keys
    for key in unseen {
      dk.from(row: key).floats(0).update(repeating: 0, count: features)
      dv.from(row: key).floats(0).update(repeating: 0, count: valueFeatures)
    }
    var isFirst = true
    plan.forEachBlock { block in
      let width = block.width
      let p = probabilities(block, scratch)
      if kept == nil {
        let mask = compute(p, block, scratch)
        lk_attention_probabilities(
          width, plan.blockQueries, p, plan.scale, mask, block.seen, normalizer + block.first,
          normalizer + plan.paddedQueries + block.first)
      }
      multiply(block, value, gradient, valueFeatures, into: g)
      let used = dropped(p, block, scratch)
      if drop != nil { multiplyByFactors(block, g, scratch, into: g) }
      sumOverQueries(block, used, gradient, valueFeatures, into: dv, isFirst: isFirst)
      lk_attention_gradient(
        width, plan.blockQueries, p, g, dm == nil ? plan.scale : 1, block.seen)
      if let dm {
        writeMaskGradient(block, g, to: dm + block.first * plan.keys)
        lk_scale(width * plan.blockQueries, g, 1, g, 1, plan.scale, 0)
      }
      sumOverKeys(block, g, key, features, into: dq)
      sumOverQueries(block, g, query, features, into: dk, isFirst: isFirst)
      isFirst = false
    }
  }

  private func writeMaskGradient(
    _ block: Block, _ g: UnsafeMutablePointer<Float>, to rows: UnsafeMutablePointer<Float>
  ) {
    for lane in stride(from: 0, to: block.rows, by: lanes) {
      lk_rows_from_lanes(
        min(lanes, block.rows - lane), block.width, g + lane, plan.blockQueries, nil,
        rows + lane * plan.keys, plan.keys, false)
    }
  }
}
