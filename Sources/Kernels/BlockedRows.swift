import CFloats
package import Elements
import Parallel

/// Rows of floats of any type, which a row-wise kernel reads or writes as float32.
package struct RowOperand {
  /// What a kernel does with the rows.
  package enum Use: Sendable {
    /// Reads them.
    case read
    /// Overwrites them.
    case write
    /// Adds to them, or otherwise needs what they were.
    case update
  }

  let view: ElementView
  let columns: Int
  let use: Use

  /// The rows of `view`, of `columns` neighbours.
  package init(_ view: ElementView, columns: Int, _ use: Use = .read) {
    self.view = view
    self.columns = columns
    self.use = use
  }

  /// Rows of `columns` elements from `pointer` on, `stride` apart or without gaps.
  package init(
    _ pointer: UnsafeMutableRawPointer, _ dtype: DType, columns: Int, stride: Int? = nil,
    _ use: Use = .read
  ) {
    self.init(
      ElementView(pointer, dtype, rowStride: stride ?? columns), columns: columns, use)
  }

  var dtype: DType { view.dtype }
  /// Elements from one row to the next.
  var stride: Int { view.rowStride }

  /// Row `row`, where the elements are float32.
  func floats(_ row: Int) -> UnsafeMutablePointer<Float> { view.from(row: row).floats(0) }

  /// The same memory from element `offset` on, as rows of `columns` elements, `stride` apart.
  func from(_ offset: Int, columns: Int, stride: Int) -> RowOperand {
    var moved = view.advanced(by: offset)
    moved.rowStride = stride
    return RowOperand(moved, columns: columns, use)
  }

  /// Whether kernels work on copies of the rows: they expect float32 without gaps.
  var isCopied: Bool { dtype.isNarrowFloat || stride != columns }

  /// Copies `count` rows from row `first` on to `block`, widened.
  func load(_ first: Int, _ count: Int, into block: UnsafeMutablePointer<Float>) {
    view.load(rows: count, from: first, columns: columns, into: block)
  }

  /// The values of `count` rows from row `first` on without gaps: where they are, or in `block`.
  func values(
    _ first: Int, _ count: Int, in block: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    guard isCopied else { return UnsafePointer(floats(first)) }
    load(first, count, into: block)
    return UnsafePointer(block)
  }

  /// Overwrites `count` rows from row `first` on with those of `block`, narrowed.
  func store(_ first: Int, _ count: Int, from block: UnsafePointer<Float>) {
    view.store(rows: count, from: first, columns: columns, of: block)
  }
}

/// Elements of an operand that are converted at a time: they stay in the first caches.
let rowBlockSize = 4096

/// Calls `body` on runs of `rows` with the float32 values of every operand's rows in the run.
///
/// Where all operands are float32, the run is all rows, and the values are where they are. Otherwise
/// it is a block of rows that fits a cache, or all of them with `together`, whose rows are widened
/// before and narrowed after. So a kernel for rows of float32 serves every type; its result for a
/// row must not depend on the run.
package func forEachRowBlock<let operands: Int>(
  _ rows: Range<Int>, _ list: InlineArray<operands, RowOperand>, together: Bool = false,
  _ body: (
    _ first: Int, _ count: Int, _ at: InlineArray<operands, UnsafeMutablePointer<Float>>
  ) -> Void
) {
  var (widest, total) = (1, 0)
  for index in list.indices where list[index].isCopied {
    widest = max(widest, list[index].columns)
    total += list[index].columns
  }
  if total == 0 {
    let first = rows.lowerBound
    return body(first, rows.count, InlineArray { list[$0].floats(first) })
  }
  // Multiples of 64 rows where rows are short: kernels that work on groups of elements rely on it.
  let fitting = max(1, rowBlockSize / widest)
  let most = together ? rows.count : fitting < 64 ? fitting : fitting & ~63
  let blockRows = max(1, min(rows.count, most))
  withUnsafeTemporaryAllocation(of: Float.self, capacity: blockRows * total) { scratch in
    guard let scratch = scratch.baseAddress else { return }
    var first = rows.lowerBound
    repeat {  // once even without rows: the sum of nothing is 0
      let count = min(blockRows, rows.upperBound - first)
      var next = scratch
      let at = InlineArray<operands, UnsafeMutablePointer<Float>> { index in
        let operand = list[index]
        guard operand.isCopied else { return operand.floats(first) }
        let values = next
        next += blockRows * operand.columns
        if operand.use != .write { operand.load(first, count, into: values) }
        return values
      }
      body(first, count, at)
      for index in list.indices where list[index].isCopied && list[index].use != .read {
        list[index].store(first, count, from: at[index])
      }
      first += count
    } while first < rows.upperBound
  }
}

/// Calls `body` with the float32 values of all `rows` of some matrices, and with the distances of
/// rows there: for kernels that go along columns, or that add to the same rows several times.
package func withMatrices<let operands: Int>(
  rows: Int, _ list: InlineArray<operands, RowOperand>,
  _ body: (
    _ at: InlineArray<operands, UnsafeMutablePointer<Float>>, _ strides: InlineArray<operands, Int>
  ) -> Void
) {
  if list.indices.contains(where: { list[$0].dtype.isNarrowFloat }) {
    forEachRowBlock(0..<rows, list, together: true) { _, _, at in
      body(at, InlineArray { list[$0].columns })
    }
  } else {
    body(InlineArray { list[$0].floats(0) }, InlineArray { list[$0].stride })
  }
}

/// `forEachRowBlock` on the runs of rows that `parallelRows` makes of `rows` of `columns` elements.
package func parallelRows<let operands: Int>(
  _ rows: Int, _ columns: Int, _ list: InlineArray<operands, RowOperand>,
  _ body: (
    _ first: Int, _ count: Int, _ at: InlineArray<operands, UnsafeMutablePointer<Float>>
  ) -> Void
) {
  parallelRows(rows, columns) { first, count in
    forEachRowBlock(first..<(first + count), list, body)
  }
}

/// Calls `body` with `count` floats that stand for the contiguous ones of type `dtype` at
/// `pointer`: those themselves, or a copy that is widened before, where `body` needs what they
/// were, and narrowed after. For what is small, such as the gradient of a bias.
package func withFloats(
  _ count: Int, _ pointer: UnsafeMutableRawPointer, _ dtype: DType, _ use: RowOperand.Use,
  _ body: (UnsafeMutablePointer<Float>) -> Void
) {
  forEachRowBlock(0..<1, [RowOperand(pointer, dtype, columns: count, use)]) { body($2[0]) }
}
