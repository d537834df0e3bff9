import Parallel

/// How a long reduction of floats of any type is cut: the reduced axis into parts, the columns into
/// tiles.
struct ReductionPieces {
  /// A part of a tile.
  struct Piece {
    /// Where its results go, among those of all parts.
    let result: Int
    /// Elements before its first one.
    let start: Int
    let rows: Int
    let columns: Int
  }

  private let run: ReducedRun
  /// Rows of a part; the last may have fewer.
  let part: Int
  /// Parts that the reduced axis is cut into, at least one.
  let parts: Int
  private let tiles: Int

  init(_ run: ReducedRun) {
    self.run = run
    part = run.inner == 1 ? longestRow : Swift.max(mostRows, reductionGrain / run.inner)
    parts = Swift.max(1, (run.size + part - 1) / part)
    tiles = (run.inner + mostColumns - 1) / mostColumns
  }

  /// How many results all parts have.
  var resultCount: Int { run.outer * parts * run.inner }

  /// Calls `body` with every piece, spread over the threads.
  func forEach(_ body: (Piece) -> Void) {
    let (size, inner) = (run.size, run.inner)
    parallelItems(
      run.outer * parts * tiles, cost: Swift.min(part, size) * Swift.min(inner, mostColumns)
    ) { items in
      for item in items {
        let (place, column) = (item / tiles, item % tiles * mostColumns)
        let (block, index) = (place / parts, place % parts)
        body(
          Piece(
            result: place * inner + column, start: (block * size + index * part) * inner + column,
            rows: Swift.min(part, size - index * part),
            columns: Swift.min(mostColumns, inner - column)))
      }
    }
  }
}
