import Elements
import Kernels
import TestSupport
import Testing

/// Products by OpenBLAS, through the gate that all products pass, against the definition.
@Suite(.serialized)
struct OpenBLASTests {
  private static let sizes = [
    (1, 1, 1), (2, 3, 4), (17, 13, 9), (33, 1, 67), (1, 65, 31), (5, 7, 0), (0, 3, 2),
    (100, 37, 129),
  ]

  /// Transposed, with gaps, added up, of all types of floats: `tolerance` is half a unit of the last place.
  @Test func agreesWithTheDefinition() async {
    await #expect(processExitsWith: .success) {
      MatrixProducts.provider = .openblas
      for size in Self.sizes {
        for transposed in [(false, false), (true, false), (false, true), (true, true)] {
          for accumulate in [false, true] {
            Self.compare(size, transposed, accumulate, Float(5), within: 1e-7)
            Self.compare(size, transposed, accumulate, Float16(5), within: 0x1p-11)
            Self.compare(size, transposed, accumulate, BFloat16(5), within: 0x1p-8)
          }
        }
      }
    }
  }

  private static func compare<Element: TensorElement>(
    _ size: (Int, Int, Int), _ transposed: (Bool, Bool), _ accumulate: Bool, _ start: Element,
    within tolerance: Double
  ) {
    let (m, n, k) = size
    let (a, b) = (randomValues(m * k, seed: 1), randomValues(k * n, seed: 2))
    let c = product(
      m, n, k, StoredMatrix(a, m, k, isTransposed: transposed.0, gap: 3),
      StoredMatrix(b, k, n, isTransposed: transposed.1, gap: 3),
      into: [Element](repeating: start, count: m * n), leading: max(1, n), accumulate: accumulate)
    for index in 0..<m * n {
      let (row, column) = (index / n, index % n)
      var (sum, magnitude) = (accumulate ? start.number : 0, abs(start.number))
      for p in 0..<k {
        let term = Double(a[row * k + p]) * Double(b[p * n + column])
        (sum, magnitude) = (sum + term, magnitude + abs(term))
      }
      // A sum in Float32, and the rounding of the result.
      let limit = 1e-6 * magnitude + tolerance * abs(sum)
      guard abs(c[index].number - sum) <= limit else {
        fatalError(
          "\(size) \(transposed) \(accumulate) \(Element.dtype): \(c[index].number), not \(sum)")
      }
    }
  }

  /// A program decides, whatever the environment says.
  @Test func aProgramDecides() async {
    await #expect(processExitsWith: .success) {
      MatrixProducts.provider = .own
      precondition(!MatrixProducts.areByOpenBLAS)
      MatrixProducts.provider = .openblas
      precondition(MatrixProducts.areByOpenBLAS)
    }
  }
}
