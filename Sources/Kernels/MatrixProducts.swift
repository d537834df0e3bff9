import CKernels
import Diagnostics
import Glibc
import Support
import Synchronization

/// Who computes matrix products.
public enum ProductProvider: String, CaseIterable, Sendable {
  /// Lockstep's own kernels. The bits of an element depend on its row, its column and their length
  /// alone.
  case own
  /// OpenBLAS. The bits of an element may depend on what is computed beside it.
  case openblas
  /// Our own where there are kernels for the CPU (x86-64 with AVX2), OpenBLAS elsewhere, if it is
  /// installed.
  case auto
}

/// Who computes the matrix products of this process: `matmul`, `linear`, `einsum`, attention and
/// recurrent layers.
public enum MatrixProducts {
  /// Who is asked to compute them. The first value is `LOCKSTEP_PRODUCTS`, or else `auto`. Stops for
  /// `openblas` where that is not installed.
  ///
  /// Set it before training starts. Reproducible training sets it to `own`.
  public static var provider: ProductProvider {
    get { wanted.withLock { $0 } ?? initial }
    set {
      check(
        newValue != .openblas || OpenBLAS.shared != nil,
        """
        products: openblas is asked for, but libopenblas.so.0 is not installed; install libopenblas0, or \
        take own or auto
        """)
      wanted.withLock { $0 = newValue }
      let isWanted = newValue == .openblas || newValue == .auto && !lk_has_product_kernels()
      state.store(isWanted && OpenBLAS.shared != nil ? byOpenBLAS : byUs, ordering: .relaxed)
    }
  }

  /// Whether OpenBLAS computes them.
  public static var areByOpenBLAS: Bool { openBLAS != nil }

  /// The version of OpenBLAS and the kernels that it chose; nil where it is not installed.
  public static var openBLASDescription: String? {
    OpenBLAS.shared.map { "\($0.coreName) kernels; \($0.configuration)" }
  }

  /// OpenBLAS, if it is to compute a product.
  static var openBLAS: OpenBLAS? {
    @inline(__always) get {
      switch state.load(ordering: .relaxed) {
      case byUs: nil
      case byOpenBLAS: OpenBLAS.shared
      default: decided()
      }
    }
  }

  private static let wanted = Mutex<ProductProvider?>(nil)
  private static let state = Atomic<UInt8>(0)
  private static let (byUs, byOpenBLAS) = (UInt8(1), UInt8(2))

  /// Heeds the environment, with the first product.
  private static func decided() -> OpenBLAS? {
    provider = initial
    return openBLAS
  }

  /// What `LOCKSTEP_PRODUCTS` says.
  private static var initial: ProductProvider {
    guard let text = Setting.products.text else { return .auto }
    guard let provider = ProductProvider(rawValue: text) else {
      let names = ProductProvider.allCases.map(\.rawValue).joined(separator: ", ")
      Setting.products.refuse(text, "one of \(names)")
    }
    return provider
  }
}
