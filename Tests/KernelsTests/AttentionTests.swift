import CKernels
import Glibc
import Kernels
import TensorCore
import TestSupport
import Testing

@Suite struct AttentionKernelTests {
  /// Queries that see 0, some or all keys, with and without a mask.
  @Test(arguments: [1, 5, 16, 33, 70], [0, 1, 20, 100])
  func lanes(_ keys: Int, _ seen: Int) {
    for (isMasked, lanes, scale) in [(false, 32, 0.25), (true, 16, 0.25), (false, 16, -0.5)]
      as [(Bool, Int, Float)]
    {
      /// Whether a key is beyond what any query of 16 sees; there may be anything.
      func isHidden(_ place: Int) -> Bool {
        place / lanes >= seen + place % lanes / 16 * 16 + 15
      }
      func values(seed: UInt64) -> [Float] {
        randomValues(keys * lanes, seed: seed).enumerated().map { isHidden($0) ? .nan : $1 }
      }
      let scores = values(seed: 1)
      var mask = randomValues(keys * lanes, seed: 2)
      for index in mask.indices where index % 3 == 0 { mask[index] = -.infinity }
      func ofQueries(_ value: (_ keys: [Int], _ lane: Int) -> [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: keys * lanes)
        for lane in 0..<lanes {
          let places = (0..<keys).map { $0 * lanes + lane }
          for (place, value) in zip(places, value(places, lane)) { result[place] = value }
        }
        return result
      }
      let exact = ofQueries { places, lane in
        let terms = places.enumerated().map { key, place -> Double in
          guard key < seen + lane else { return 0 }
          return exp(Double(scores[place] * scale) + (isMasked ? Double(mask[place]) : 0))
        }
        let sum = terms.reduce(0, +)
        return terms.map { sum == 0 ? 0 : $0 / sum }
      }
      var (p, again) = (scores, scores)
      var (largest, share) = (
        [Float](repeating: .nan, count: lanes), [Float](repeating: .nan, count: lanes)
      )
      lk_attention_softmax(keys, lanes, &p, scale, isMasked ? mask : nil, seen, &largest, &share)
      lk_attention_probabilities(
        keys, lanes, &again, scale, isMasked ? mask : nil, seen, largest, share)
      expectClose(p, to: exact, within: Tolerance(relative: 3e-6, absolute: 1e-30))
      #expect(again == p)

      let g = values(seed: 3)
      var found = g
      lk_attention_gradient(keys, lanes, p, &found, scale, seen)
      let gradients = ofQueries { places, _ in
        func gradient(_ place: Int) -> Double { isHidden(place) ? 0 : Double(g[place]) }
        let dot = places.reduce(0.0) { $0 + exact[$1] * gradient($1) }
        return places.map { Double(scale) * exact[$0] * (gradient($0) - dot) }
      }
      expectClose(found, to: gradients, within: .sum(of: 4))
    }
  }

  /// Kept where they are few, and where a gradient may be wanted: else memory would grow with the
  /// square of the sequence.
  @Test(arguments: [
    (64, 64, 32, true), (65, 65, 32, false), (150, 20, 32, true), (256, 256, 64, false),
  ])
  func probabilitiesAreKept(_ queries: Int, _ keys: Int, _ features: Int, _ areKept: Bool) {
    for isRecorded in [false, true] {
      let plan = AttentionHead.Plan(
        queries: queries, keys: keys, features: features, valueFeatures: features, scale: 1,
        isCausal: true, isRecorded: isRecorded)
      #expect(plan.keepsProbabilities == (areKept && isRecorded))
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
