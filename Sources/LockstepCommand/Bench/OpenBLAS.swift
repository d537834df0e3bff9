import Glibc
import Lockstep

/// The yardstick for matrix products. Only `bench ops` and `doctor` use it, where it is installed:
/// training runs on our own.
///
/// Loaded when it is asked for, because it starts threads as soon as it is there.
struct OpenBLAS {
  private let library: UnsafeMutableRawPointer

  /// The library of this machine, if it has one.
  init?() {
    let names = ["libopenblas.so.0", "libopenblas.so"]
    guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW) }).first else { return nil }
    self.library = library
  }

  /// The name of the CPU kernels that it chose, for example `SkylakeX` or `Haswell`.
  var coreName: String { text("openblas_get_corename") }

  /// Its version and build options.
  var configuration: String { text("openblas_get_config") }

  /// Floating-point operations per second of a large product on `threads` threads; 0 where the
  /// library lacks what it takes.
  func rate(threads: Int) -> Double {
    guard let setThreads = dlsym(library, "openblas_set_num_threads"),
      let sgemm = dlsym(library, "cblas_sgemm")
    else { return 0 }
    unsafeBitCast(setThreads, to: (@convention(c) (Int32) -> Void).self)(Int32(threads))
    let multiply = unsafeBitCast(sgemm, to: SGEMM.self)
    let size = 768
    let count = size * size
    let matrix = [Float](repeating: 0.5, count: count)
    var result = [Float](repeating: 0, count: count)
    let (rowMajor, asStored, n) = (Int32(101), Int32(111), Int32(size))
    let seconds = bestTime {
      multiply(rowMajor, asStored, asStored, n, n, n, 1, matrix, n, matrix, n, 0, &result, n)
    }
    return 2 * Double(size) * Double(count) / seconds
  }

  /// `cblas_sgemm`: order, transposes, m, n, k, alpha, A, its leading dimension, B, …, beta, C, ….
  private typealias SGEMM =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
      UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>, Int32
    ) -> Void

  private func text(_ function: String) -> String {
    guard let symbol = dlsym(library, function) else { return "unknown" }
    let call = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<CChar>).self)
    return String(cString: call())
  }
}
