/// Where elements of one type lie in memory: a first one, and the distances of rows and columns, in
/// elements. Everything that hands elements to a kernel does it by this.
package struct ElementView {
  /// The first element.
  package var pointer: UnsafeMutableRawPointer
  /// The type of the elements.
  package var dtype: DType
  /// Elements from one row to the next.
  package var rowStride: Int
  /// Elements from one column to the next; 0 repeats the first.
  package var columnStride: Int

  /// Elements from `pointer` on.
  @inlinable
  package init(
    _ pointer: UnsafeMutableRawPointer, _ dtype: DType, rowStride: Int = 0, columnStride: Int = 1
  ) {
    self.pointer = pointer
    self.dtype = dtype
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// A matrix of floats in row-major memory: `leading` elements from one stored row to the next. A
  /// transposed one is stored as its transpose.
  @inlinable
  package init(
    matrix pointer: UnsafeRawPointer, _ dtype: DType = .float32, leading: Int,
    isTransposed: Bool = false
  ) {
    self.init(
      UnsafeMutableRawPointer(mutating: pointer), dtype, rowStride: isTransposed ? 1 : leading,
      columnStride: isTransposed ? leading : 1)
  }

  /// Element `column` of the first row.
  @inlinable
  package func address(_ column: Int) -> UnsafeMutableRawPointer {
    pointer + column * columnStride * dtype.size
  }

  /// The same, where the elements are float32.
  @inlinable
  package func floats(_ column: Int) -> UnsafeMutablePointer<Float> {
    pointer.assumingMemoryBound(to: Float.self) + column * columnStride
  }

  /// The same memory from row `row` and column `column` on.
  @inlinable
  package func from(row: Int, column: Int = 0) -> ElementView {
    advanced(by: row * rowStride + column * columnStride)
  }

  /// The same `offset` elements further on in memory.
  @inlinable
  package func advanced(by offset: Int) -> ElementView {
    var moved = self
    moved.pointer += offset * dtype.size
    return moved
  }

  /// Rows as columns, and columns as rows.
  @inlinable
  package var transposed: ElementView {
    ElementView(pointer, dtype, rowStride: columnStride, columnStride: rowStride)
  }
}
