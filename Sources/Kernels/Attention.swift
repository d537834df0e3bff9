import CKernels

/// One head of attention: `queries` rows of `features`, `keys` rows of `features` and of
/// `valueFeatures`.
package struct AttentionHead {
  /// The sizes and the parameters that all heads share.
  package struct Plan: Sendable {
    let queries: Int
    let keys: Int
    let features: Int
    let valueFeatures: Int
    let scale: Float
    let isCausal: Bool

    /// What all heads share; with `isCausal`, query i sees the keys 0 ... i.
    package init(
      queries: Int, keys: Int, features: Int, valueFeatures: Int, scale: Float, isCausal: Bool
    ) {
      self.queries = queries
      self.keys = keys
      self.features = features
      self.valueFeatures = valueFeatures
      self.scale = scale
      self.isCausal = isCausal
    }

    /// Query rows that are computed together: their scores stay in the second-level cache, and a
    /// causal block is small enough to leave out most of what it does not see.
    var blockRows: Int {
      let fitting = max(16, min(32_768 / max(1, keys), isCausal ? 32 : 512))
      return min(max(1, queries), fitting)
    }

    /// Floats of working memory for one block, of which `attend` needs one and `differentiate`
    /// three.
    package var blockSize: Int { blockRows * keys }

    /// The blocks from the last, which sees the most keys, to the first.
    func forEachBlock(_ body: (_ first: Int, _ rows: Int, _ width: Int) -> Void) {
      var block = (queries + blockRows - 1) / blockRows - 1
      while block >= 0 {
        let first = block * blockRows
        let rows = min(blockRows, queries - first)
        body(first, rows, isCausal ? min(keys, first + rows) : keys)
        block -= 1
      }
    }
  }

  /// Drops probabilities: called with the rows, their first row and their width, and where they
  /// come from and go to.
  package typealias Drop = (
    _ firstRow: Int, _ rows: Int, _ width: Int, _ source: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Float>
  ) -> Void

  let plan: Plan
  let query: MatrixOperand
  let key: MatrixOperand
  let value: MatrixOperand
  let mask: UnsafePointer<Float>?
  let maskStride: Int
  let normaliser: UnsafeMutablePointer<Float>
  let drop: Drop?

  /// A head with an additive `mask`, rows `maskStride` apart, and room for a `normaliser` of each
  /// query.
  package init(
    _ plan: Plan, query: MatrixOperand, key: MatrixOperand, value: MatrixOperand,
    mask: UnsafePointer<Float>?, maskStride: Int, normaliser: UnsafeMutablePointer<Float>,
    drop: Drop?
  ) {
    self.plan = plan
    self.query = query
    self.key = key
    self.value = value
    self.mask = mask
    self.maskStride = maskStride
    self.normaliser = normaliser
    self.drop = drop
  }

  private func scores(_ first: Int, _ rows: Int, _ width: Int, into p: UnsafeMutablePointer<Float>)
  {
    gemm(
      m: rows, n: width, k: plan.features, query.from(row: first, column: 0), key.transposed,
      into: p, leading: width)
  }

  /// `out` = softmax(query key^T scale + mask) value.
  package func attend(into out: MatrixTarget, scratch p: UnsafeMutablePointer<Float>) {
    plan.forEachBlock { first, rows, width in
      scores(first, rows, width, into: p)
      lk_attention_rows(
        rows, width, p, plan.scale, mask.map { $0 + first * maskStride }, maskStride,
        plan.isCausal ? first + 1 : width, normaliser + first)
      if let drop { drop(first, rows, width, p, p) }
      gemm(
        m: rows, n: plan.valueFeatures, k: width, MatrixOperand(p, leading: width), value,
        into: out.advanced(by: first * out.leading))
    }
  }

  /// The gradients of query, key and value, and of the mask where wanted (its rows are `keys`
  /// long), from that of the result; probabilities are computed again.
  package func differentiate(
    _ gradient: MatrixOperand, query dq: MatrixTarget, key dk: MatrixTarget, value dv: MatrixTarget,
    mask dm: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    // Those of key and value grow with every block: in float32, and are rounded at the end.
    let (keyRows, valueRows) = (dk.rows(plan.features), dv.rows(plan.valueFeatures))
    withMatrices(rows: plan.keys, [keyRows, valueRows]) { at, strides in
      differentiate(
        gradient, query: dq, key: Sums(pointer: at[0], leading: strides[0]),
        value: Sums(pointer: at[1], leading: strides[1]), mask: dm, scratch: scratch)
    }
  }

  /// A gradient that several products add to: its first element and the distance of its rows.
  private struct Sums {
    let pointer: UnsafeMutablePointer<Float>
    let leading: Int

    func clear(rows: Range<Int>, _ columns: Int) {
      for row in rows { (pointer + row * leading).update(repeating: 0, count: columns) }
    }
  }

  private func differentiate(
    _ gradient: MatrixOperand, query dq: MatrixTarget, key dk: Sums, value dv: Sums,
    mask dm: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    let (p, g, dropped) = (scratch, scratch + plan.blockSize, scratch + 2 * plan.blockSize)
    let (features, valueFeatures) = (plan.features, plan.valueFeatures)
    var isFirst = true
    plan.forEachBlock { first, rows, width in
      if isFirst, width < plan.keys {
        dk.clear(rows: width..<plan.keys, features)
        dv.clear(rows: width..<plan.keys, valueFeatures)
      }
      let share = gradient.from(row: first, column: 0)
      scores(first, rows, width, into: p)
      lk_attention_probabilities(
        rows, width, p, plan.scale, mask.map { $0 + first * maskStride }, maskStride,
        plan.isCausal ? first + 1 : width, normaliser + first)
      gemm(m: rows, n: width, k: valueFeatures, share, value.transposed, into: g, leading: width)
      if let drop {
        drop(first, rows, width, p, dropped)
        drop(first, rows, width, g, g)
      }
      gemm(
        m: width, n: valueFeatures, k: rows,
        MatrixOperand(drop == nil ? p : dropped, leading: width, isTransposed: true), share,
        into: dv.pointer, leading: dv.leading, accumulate: !isFirst)
      lk_attention_gradient(rows, width, p, g, dm == nil ? plan.scale : 1)
      if let dm {
        for row in 0..<rows {
          (dm + (first + row) * plan.keys).update(from: g + row * width, count: width)
        }
        lk_scale(rows * width, g, 1, g, 1, plan.scale, 0)
      }
      gemm(
        m: rows, n: features, k: width, MatrixOperand(g, leading: width), key,
        into: dq.advanced(by: first * dq.leading))
      gemm(
        m: width, n: features, k: rows, MatrixOperand(g, leading: width, isTransposed: true),
        query.from(row: first, column: 0), into: dk.pointer, leading: dk.leading,
        accumulate: !isFirst)
      isFirst = false
    }
    if isFirst {
      dk.clear(rows: 0..<plan.keys, features)
      dv.clear(rows: 0..<plan.keys, valueFeatures)
    }
  }
}
