import CFloats
import CKernels
import Elements
import Glibc

/// The matrix product of OpenBLAS, where it is installed.
///
/// Loaded when it is first asked for. It is told to use one thread, and starts none of its own: the
/// threads that share out a product are ours.
final class OpenBLAS: Sendable {
  /// The library of this machine; nil where there is none.
  static let shared = OpenBLAS()

  /// The name of the CPU kernels that it chose, for example `SkylakeX` or `Haswell`.
  let coreName: String
  /// Its version and build options.
  let configuration: String
  private let sgemm: SGEMM

  /// `cblas_sgemm`: order, transposes, m, n, k, alpha, A, its leading dimension, B, …, beta, C, ….
  private typealias SGEMM =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
      UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>, Int32
    ) -> Void

  private init?() {
    let variable = "OPENBLAS_NUM_THREADS"
    let previous = getenv(variable).map { String(cString: $0) }
    setenv(variable, "1", 1)
    defer {
      if let previous { setenv(variable, previous, 1) } else { unsetenv(variable) }
    }
    let names = ["libopenblas.so.0", "libopenblas.so"]
    guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW) }).first,
      let function = dlsym(library, "cblas_sgemm")
    else { return nil }
    sgemm = unsafeBitCast(function, to: SGEMM.self)
    func text(_ name: String) -> String {
      guard let symbol = dlsym(library, name) else { return "unknown" }
      let call = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<CChar>).self)
      return String(cString: call())
    }
    (coreName, configuration) = (text("openblas_get_corename"), text("openblas_get_config"))
  }

  /// Whether OpenBLAS, which counts in 32 bits, can compute `product`.
  func canCompute(_ product: Product) -> Bool {
    max(product.m, product.n, product.k, product.a.leading, product.b.leading, product.c.rowStride)
      <= Int32.max
  }

  /// Computes the whole product: what a triangle leaves out is 0, or not wanted.
  ///
  /// Operands of narrow types are widened as a whole, and a narrow C is rounded once.
  func compute(_ product: Product) {
    let (m, n) = (product.m, product.n)
    guard m > 0, n > 0 else { return }
    let c = product.c
    guard c.dtype != .float32 else {
      place(product.row, onto: c, m, n)
      let addsUp = product.accumulate || product.row != nil
      return multiply(product, into: c.floats(0), leading: c.rowStride, addsUp: addsUp)
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: m * n) { memory in
      guard let floats = memory.baseAddress else { return }
      let wide = ElementView(floats, .float32, rowStride: n)
      if product.accumulate { c.load(rows: m, from: 0, columns: n, into: floats) }
      place(product.row, onto: wide, m, n)
      let addsUp = product.accumulate || product.row != nil
      multiply(product, into: floats, leading: n, addsUp: addsUp)
      c.store(rows: m, from: 0, columns: n, of: floats)
    }
  }

  /// Copies `row` to all rows of `c`.
  private func place(_ row: UnsafePointer<Float>?, onto c: ElementView, _ m: Int, _ n: Int) {
    guard let row else { return }
    for index in 0..<m { c.from(row: index).floats(0).update(from: row, count: n) }
  }

  private func multiply(
    _ product: Product, into c: UnsafeMutablePointer<Float>, leading: Int, addsUp: Bool
  ) {
    let (m, n, k) = (product.m, product.n, product.k)
    withWide(product.a, m, k) { a, aLeading in
      withWide(product.b, k, n) { b, bLeading in
        let (rowMajor, asStored, transposed) = (Int32(101), Int32(111), Int32(112))
        sgemm(
          rowMajor, product.a.is_transposed ? transposed : asStored,
          product.b.is_transposed ? transposed : asStored, Int32(m), Int32(n), Int32(k), 1, a,
          Int32(aLeading), b, Int32(bLeading), addsUp ? 1 : 0, c, Int32(leading))
      }
    }
  }

  /// Calls `body` with a matrix of `rows` and `columns` as float32, and the distance of its stored
  /// rows, which BLAS wants to be as long as a row at least.
  private func withWide(
    _ matrix: lk_matrix, _ rows: Int, _ columns: Int,
    _ body: (UnsafePointer<Float>, _ leading: Int) -> Void
  ) {
    let (count, width) = matrix.is_transposed ? (columns, rows) : (rows, columns)
    if matrix.type == LK_FLOAT32, matrix.leading >= max(1, width) {
      return body(matrix.values.assumingMemoryBound(to: Float.self), matrix.leading)
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, count * width)) { memory in
      guard let floats = memory.baseAddress else { return }
      lk_widen(matrix.type, count, width, floats, width, matrix.values, matrix.leading)
      body(floats, max(1, width))
    }
  }
}
