import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct GeneratorTests {
  /// The known answers of the Random123 distribution (kat_vectors, philox4x32 10).
  @Test(
    arguments: [
      (
        [0, 0, 0, 0], [0, 0],
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
      ),
      (
        [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt64], [UInt64], [UInt32])])
  func philoxGivesKnownAnswers(_ counter: [UInt64], _ key: [UInt64], _ expected: [UInt32]) {
    let words = Generator.philox(
      counter: counter[0] | counter[1] << 32, stream: counter[2] | counter[3] << 32,
      key: key[0] | key[1] << 32)
    #expect((0..<4).map { words[$0] } == expected)
  }

  private func words(_ generator: Generator, _ count: Int) -> [UInt32] {
    var words: [UInt32] = []
    generator.fill(count) { index, bits in
      #expect(index == words.count)
      words.append(bits)
    }
    return words
  }

  /// Also where draws end within a block of four words.
  @Test func sequenceDoesNotDependOnTheSizeOfDraws() {
    let whole = words(Generator(seed: 5, stream: 2), 64)
    let pieces = Generator(seed: 5, stream: 2)
    #expect([4, 8, 0, 20, 1, 1, 1, 3, 7, 13, 2, 4].flatMap { words(pieces, $0) } == whole)
    #expect(words(Generator(seed: 5, stream: 2), 13) == Array(whole[..<13]))
    #expect(Set(whole).count == 64)
  }

  /// Every kind of number takes one word of the stream.
  @Test func drawsOfAllKindsAreContinuedAnywhere() {
    func check(_ draw: (Int, Generator) -> Tensor) {
      let whole = draw(50, Generator(seed: 6)).floats
      for first in [0, 1, 2, 3, 7, 49] {
        let generator = Generator(seed: 6)
        let start = draw(first, generator).floats
        #expect(start + draw(50 - first, generator).floats == whole)
        let skipped = Generator(seed: 6)
        _ = Tensor.uniform([first], generator: skipped)
        #expect(draw(50 - first, skipped).floats == Array(whole[first...]))
      }
    }
    check { .uniform([$0], generator: $1) }
    check { .normal([$0], generator: $1) }
    check { .randomIntegers([$0], in: -50..<1000, generator: $1) }
    check { .bernoulli([$0], probability: 0.5, generator: $1) }
  }

  /// Python's `statistics.NormalDist().inv_cdf`.
  @Test func normalQuantiles() {
    let shares: [Double] = [
      0x1p-33, 1e-7, 0.001, 0.07, 0.0751, 0.25, 0.5, 0.6, 0.9249, 0.93, 0.9999,
    ]
    let quantiles: [Double] = [
      -6.337957754553789, -5.199337582192817, -3.090232306167813, -1.4757910281791702,
      -1.4388253927525398, -0.6744897501960817, 0.0, 0.2533471031357998,
      1.4388253927525403, 1.4757910281791708, 3.7190164854557084,
    ]
    expectClose(
      shares.map { normalQuantile($0) }, to: quantiles,
      within: Tolerance(relative: 2e-7, absolute: 0))
    #expect(normalQuantile(1 - 0x1p-33) == -normalQuantile(0x1p-33))
  }

  @Test func seedsAndStreamsDiffer() {
    let streams = [(1, 0), (2, 0), (1, 1), (1 << 32, 0), (1, 1 << 32)].map { seed, stream in
      words(Generator(seed: UInt64(seed), stream: UInt64(stream)), 8)
    }
    #expect(Set(streams).count == streams.count)
  }

  @Test func defaultGeneratorStartsAnew() async {
    await #expect(processExitsWith: .success) {
      Generator.seed(42)
      let first = Tensor.normal([10]).floats
      #expect(Tensor.normal([10]).floats != first)
      Generator.seed(42)
      #expect(Tensor.normal([10]).floats == first)
      #expect(Tensor.normal([10], generator: Generator(seed: 42)).floats == first)
    }
  }

  /// Bounds are five standard errors of the estimate: 200,000 values, one failure in a million
  /// seeds.
  @Test func uniformValuesAreUniform() {
    let values = Tensor.uniform([200_000], in: -1...3, generator: Generator(seed: 8)).floats
    #expect(values.allSatisfy { $0 >= -1 && $0 <= 3 })
    let (mean, variance, _) = moments(values)
    let meanError = (4.0 / 3 / 200_000).squareRoot()
    let varianceError = (16.0 * 16 / 180 / 200_000).squareRoot()
    #expect(abs(mean - 1) < 5 * meanError)
    #expect(abs(variance - 4.0 / 3) < 5 * varianceError)
    var counts = Array(repeating: 0.0, count: 16)
    for value in values { counts[min(15, Int((value + 1) * 4))] += 1 }
    let countError = 12_500.0.squareRoot()
    #expect(counts.allSatisfy { abs($0 - 12_500) < 5 * countError })
  }

  @Test(arguments: [200_000, 199_999])
  func normalValuesAreNormal(_ count: Int) {
    let values = Tensor.normal([count], generator: Generator(seed: 9)).floats
    #expect(values.allSatisfy { $0.isFinite })
    let (mean, variance, fourth) = moments(values)
    let standardError = (1 / Double(count)).squareRoot()
    #expect(abs(mean) < 5 * standardError)
    #expect(abs(variance - 1) < 5 * 2.0.squareRoot() * standardError)
    #expect(abs(fourth - 3) < 5 * 96.0.squareRoot() * standardError)
    // Neighbours must not be correlated.
    let pairs = stride(from: 0, to: count - 1, by: 2)
    let correlation = pairs.reduce(0.0) { $0 + Double(values[$1]) * Double(values[$1 + 1]) }
    #expect(abs(correlation) < 5 * Double(count / 2).squareRoot())
  }

  private func moments(_ values: [Float]) -> (mean: Double, variance: Double, fourth: Double) {
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    func central(_ power: Int) -> Double {
      values.reduce(0.0) { sum, value in
        let square = (Double(value) - mean) * (Double(value) - mean)
        return sum + (power == 2 ? square : square * square)
      } / Double(values.count)
    }
    return (mean, central(2), central(4))
  }

  @Test(arguments: [-3..<4, 0..<1, Int32.min..<Int32.max, 2_000_000_000..<Int32.max])
  func integersFillTheirRange(_ range: Range<Int32>) {
    let values = Tensor.randomIntegers([10_000], in: range, generator: Generator(seed: 1))
      .array(of: Int32.self)
    #expect(values.allSatisfy { range.contains($0) })
    if range.count < 10 { #expect(Set(values) == Set(range)) }
    let width = Double(range.upperBound) - Double(range.lowerBound)
    let mean = values.reduce(0.0) { $0 + Double($1) } / 10_000
    let middle = Double(range.lowerBound) + (width - 1) / 2
    let standardError = width / (12.0 * 10_000).squareRoot()
    #expect(abs(mean - middle) <= 5 * standardError)
  }
}
