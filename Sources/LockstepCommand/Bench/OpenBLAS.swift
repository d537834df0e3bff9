import COpenBLAS
import Lockstep

/// The yardstick for matrix products. Only the benchmarks use it: training runs on our own.
enum OpenBLAS {
  /// The name of the CPU kernels that it chose, for example `SkylakeX` or `Haswell`.
  static var coreName: String { String(cString: openblas_get_corename()) }

  /// Its version and build options.
  static var configuration: String { String(cString: openblas_get_config()) }

  /// Floating-point operations per second of a large product on `threads` threads.
  static func rate(threads: Int) -> Double {
    openblas_set_num_threads(Int32(threads))
    let size = 768
    let count = size * size
    let matrix = [Float](repeating: 0.5, count: count)
    var result = [Float](repeating: 0, count: count)
    let seconds = bestTime {
      let n = Int32(size)
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, matrix, n, matrix, n, 0, &result, n)
    }
    return 2 * Double(size) * Double(count) / seconds
  }
}
