import CKernels
import Glibc
import Kernels
import TensorCore
import TestSupport
import Testing

@Suite struct AttentionKernelTests {
  /// Rows that see 0, some or all columns, with and without a mask.
  @Test(arguments: [1, 5, 16, 33, 70], [0, 1, 20, 100])
  func rows(_ columns: Int, _ first: Int) {
    for isMasked in [false, true] {
      let (rows, scale) = (4, Float(0.25))
      let scores = randomValues(rows * columns)
      var mask = randomValues(rows * columns, seed: 2)
      for index in mask.indices where index % 3 == 0 { mask[index] = -.infinity }
      let exact = (0..<rows).flatMap { row -> [Double] in
        let terms = (0..<columns).map { column -> Double in
          let place = row * columns + column
          guard column < first + row else { return 0 }
          return exp(Double(scores[place] * scale) + (isMasked ? Double(mask[place]) : 0))
        }
        let sum = terms.reduce(0, +)
        return terms.map { sum == 0 ? 0 : $0 / sum }
      }
      var (p, again, normaliser) = (scores, scores, [Float](repeating: .nan, count: rows))
      lk_attention_rows(
        rows, columns, &p, scale, isMasked ? mask : nil, columns, first, &normaliser)
      lk_attention_probabilities(
        rows, columns, &again, scale, isMasked ? mask : nil, columns, first, normaliser)
      expectClose(p, to: exact, within: Tolerance(relative: 3e-6, absolute: 1e-30))
      expectClose(again, to: exact, within: Tolerance(relative: 3e-6, absolute: 1e-30))

      let g = randomValues(rows * columns, seed: 3)
      var found = g
      lk_attention_gradient(rows, columns, p, &found, scale)
      let gradients = (0..<rows).flatMap { row -> [Double] in
        let range = (row * columns)..<((row + 1) * columns)
        let dot = range.reduce(0.0) { $0 + exact[$1] * Double(g[$1]) }
        return range.map { Double(scale) * exact[$0] * (Double(g[$0]) - dot) }
      }
      expectClose(found, to: gradients, within: .sum(of: 4))
    }
  }

  /// The words are those of the plain generator, and so is the share of what is dropped.
  @Test func dropoutKeepsWhatTheGeneratorSays() {
    let (key, stream, first): (UInt64, UInt64, UInt64) = (7, 1 << 40, (1 << 32) - 20)
    let x = randomValues(1000).map { $0 + 5 }
    for count in [0, 1, 16, 63, 64, 65, 1000] {
      var y = [Float](repeating: 9, count: 1000)
      lk_dropout(count, &y, x, 1 << 30, 2, key, stream, first)
      for index in 0..<count {
        let counter = first + UInt64(16 * (index / 64) + index % 16)
        let words = Generator.philox(counter: counter, stream: stream, key: key)
        #expect(y[index] == (words[index / 16 % 4] < 1 << 30 ? 0 : 2 * x[index]))
      }
      #expect(y[count...].allSatisfy { $0 == 9 })
    }
  }
}
