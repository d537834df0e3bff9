import DataLoading
import Testing

/// The expected numbers come from an independent implementation in Python.
@Suite struct SampleOrderTests {
  @Test func generatorGivesTheReferenceSequence() {
    var generator = SplitMix64(state: 1_234_567)
    #expect(
      (0..<5).map { _ in generator.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func boundedNumbersRejectTheSurplus() {
    var generator = SplitMix64(state: 42)
    #expect(
      (0..<6).map { _ in generator.next(below: 3 << 62) } == [
        10_259_593_149_566_456_559, 2_212_369_569_095_169_218, 3_854_462_811_347_072_893,
        526_149_589_606_472_437, 12_011_985_844_247_241_796, 3_021_648_534_583_218_693,
      ])
  }

  @Test func orderIsTheSameOnAllMachines() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      SampleOrder.indices(count: 10, seed: seed, epoch: epoch)
    }
    #expect(order(7, 1) == [0, 1, 7, 6, 9, 5, 2, 4, 8, 3])
    #expect(order(7, 2) == [3, 4, 0, 1, 6, 8, 2, 9, 7, 5])
    #expect(order(8, 1) == [8, 6, 0, 2, 4, 1, 3, 7, 9, 5])
    #expect(order(0, 0) == [4, 9, 2, 5, 1, 7, 6, 0, 3, 8])
    let large = SampleOrder.indices(count: 60_000, seed: 7, epoch: 3)
    #expect(large.prefix(4) == [38863, 2506, 1883, 27738])
    #expect(large.suffix(4) == [59736, 22653, 58903, 16663])
  }

  @Test func samplesHaveNumbersOfTheirOwn() {
    func first(_ seed: UInt64, _ epoch: Int, _ sample: Int) -> UInt64 {
      var generator = SplitMix64(seed: seed, epoch: epoch, sample: sample)
      return generator.next()
    }
    #expect(first(7, 1, 0) == 5_531_519_400_795_769_300)
    #expect(first(7, 1, 1) == 855_385_159_974_253_764)
    #expect(first(7, 1, 2) == 13_495_660_098_531_691_224)
    #expect(first(7, 2, 0) == 16_625_402_593_412_360_673)
    #expect(first(0, 0, 0) == 16_294_208_416_658_607_535)
    let units = (0..<3).map { sample in
      var generator = SplitMix64(seed: 7, epoch: 1, sample: sample)
      return generator.nextUnit()
    }
    #expect(units == [0.2998642325401306, 0.046370506286621094, 0.7316011786460876])
  }

  @Test func splitsAreTheSameOnAllMachines() {
    let five = SampleOrder.split(count: 10, holdingOut: 0.2, seed: 3)
    #expect(five.heldOut == [0, 5])
    #expect(five.kept == [1, 2, 3, 4, 6, 7, 8, 9])
    let seven = SampleOrder.split(count: 7, holdingOut: 0.3, seed: 5)
    #expect(seven.heldOut == [1, 3])
    #expect(seven.kept == [0, 2, 4, 5, 6])
  }

  @Test(arguments: [0, 1, 2, 3, 100, 4097])
  func everySampleComesOnce(count: Int) {
    #expect(SampleOrder.indices(count: count, seed: nil, epoch: 5) == Array(0..<count))
    for epoch in 0..<5 {
      let order = SampleOrder.indices(count: count, seed: 3, epoch: epoch)
      #expect(order.sorted() == Array(0..<count))
    }
  }

  /// Chi-square with 23 degrees of freedom exceeds 49.7 with probability 0.001.
  @Test func allOrdersAreEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for epoch in 0..<24_000 {
      counts[SampleOrder.indices(count: 4, seed: 11, epoch: epoch), default: 0] += 1
    }
    #expect(counts.count == 24)
    let chiSquare = counts.values.map { Double(($0 - 1000) * ($0 - 1000)) / 1000 }.reduce(0, +)
    #expect(chiSquare < 49.7)
  }
}
