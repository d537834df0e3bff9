extension AttentionHead {
  /// The sizes and the parameters that all heads share.
  package struct Plan: Sendable {
    let queries: Int
    let keys: Int
    let features: Int
    let valueFeatures: Int
    let scale: Float
    let isCausal: Bool
    let isRecorded: Bool

    /// What all heads share; with `isCausal`, query i sees the keys 0 ... i. `isRecorded`: whether a
    /// gradient may be wanted.
    package init(
      queries: Int, keys: Int, features: Int, valueFeatures: Int, scale: Float, isCausal: Bool,
      isRecorded: Bool
    ) {
      self.queries = queries
      self.keys = keys
      self.features = features
      self.valueFeatures = valueFeatures
      self.scale = scale
      self.isCausal = isCausal
      self.isRecorded = isRecorded
    }

    /// Whether the probabilities are kept for the gradient: only where they are no more than half as
    /// many numbers as query, key, value and result have. Elsewhere they are computed again.
    package var keepsProbabilities: Bool {
      isRecorded && 2 * probabilityCount <= (queries + keys) * (features + valueFeatures)
    }

    /// Floats of the probabilities of one head.
    package var probabilityCount: Int { paddedQueries * keys }

    /// Queries that are computed together, side by side: as many as leave their scores, and the
    /// gradients of these, in the second-level cache.
    var blockQueries: Int {
      let fitting = keys > 512 ? 2 * lanes : 4 * lanes
      return min(fitting, (max(1, queries) + lanes - 1) / lanes * lanes)
    }

    /// `queries`, rounded up to whole blocks.
    package var paddedQueries: Int { (queries + blockQueries - 1) / blockQueries * blockQueries }

    /// Floats of working memory that `attend` and `differentiate` need.
    package var scratchSize: Int { 4 * blockQueries * keys }

    /// The blocks from the last, which sees the most keys, to the first.
    func forEachBlock(_ body: (_ block: Block) -> Void) {
      for first in stride(from: 0, to: queries, by: blockQueries).reversed() {
        let rows = min(blockQueries, queries - first)
        let width = isCausal ? min(keys, first + rows) : keys
        body(Block(first: first, rows: rows, width: width, seen: isCausal ? first + 1 : width))
      }
    }
  }

  /// Some queries, and the keys that they may see.
  struct Block {
    let first: Int
    let rows: Int
    let width: Int
    /// How many keys the first query sees.
    let seen: Int
  }
}
