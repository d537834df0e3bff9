import DataLoading
import TensorCore
import Testing

@Suite(.serialized) struct AugmentationTests {
  /// Images of 2 channels, 2 rows and 3 columns, with the values 1, 2, 3, …
  static let images = InMemoryDataset(
    inputs: (1...72).map { Float($0) }, shape: [2, 2, 3], labels: [0, 1, 2, 3, 4, 5])

  static func image(_ index: Int) -> [Float] { (0..<12).map { Float(index * 12 + $0 + 1) } }

  static func values(_ data: some Dataset, _ indices: [Int], epoch: Int = 1) -> [[Float]] {
    let (inputs, labels) = data.batch(SampleSelection(indices[...], epoch: epoch))
    #expect(labels.array(of: Int32.self) == indices.map { Int32($0) })
    let size = data.inputShape.elementCount
    return indices.indices.map { Array(inputs.floats[$0 * size..<($0 + 1) * size]) }
  }

  /// An image moved so that its pixel (row, column) becomes (0, 0), with `fill` around it.
  static func moved(
    _ image: [Float], top: Int, left: Int, height: Int = 2, width: Int = 3, fill: Float
  ) -> [Float] {
    var result: [Float] = []
    for channel in 0..<2 {
      for row in top..<top + height {
        for column in left..<left + width {
          let isInside = (0..<2).contains(row) && (0..<3).contains(column)
          result.append(isInside ? image[channel * 6 + row * 3 + column] : fill)
        }
      }
    }
    return result
  }

  static func mirrored(_ image: [Float]) -> [Float] {
    stride(from: 0, to: 12, by: 3).flatMap { image[$0..<$0 + 3].reversed() }
  }

  /// The places come from an independent implementation in Python.
  @Test func shiftIsTheSameOnAllMachines() {
    let data = Self.images.augmented(by: RandomShift(2, fill: -7), seed: 7)
    #expect(data.inputShape == [2, 2, 3])
    let places = [
      1: [(-1, -1), (-2, -2), (1, 1), (1, -2), (-2, -1), (0, 1)],
      2: [(2, -1), (0, -2), (-1, 2), (2, 2), (1, 2), (1, 2)],
    ]
    for (epoch, places) in places {
      #expect(
        Self.values(data, [0, 1, 2, 3, 4, 5], epoch: epoch)
          == places.enumerated().map { index, place in
            Self.moved(Self.image(index), top: place.0, left: place.1, fill: -7)
          })
    }
  }

  @Test func cropHasItsOwnSizeAndEveryPlace() {
    let data = Self.images.augmented(by: RandomCrop(height: 1, width: 2, padding: 1), seed: 3)
    #expect(data.inputShape == [2, 1, 2])
    var seen: Set<[Float]> = []
    for epoch in 0..<200 { seen.insert(Self.values(data, [4], epoch: epoch)[0]) }
    var all: Set<[Float]> = []
    for top in -1...2 {
      for left in -1...2 {
        all.insert(Self.moved(Self.image(4), top: top, left: left, height: 1, width: 2, fill: 0))
      }
    }
    #expect(seen == all)
  }

  @Test func flipMirrorsRows() {
    #expect(
      Self.values(Self.images.augmented(by: RandomHorizontalFlip(probability: 1), seed: 0), [2])
        == [Self.mirrored(Self.image(2))])
    #expect(
      Self.values(Self.images.augmented(by: RandomHorizontalFlip(probability: 0), seed: 0), [2])
        == [Self.image(2)])
    // The first numbers of samples 0 to 5 in epoch 1 are 0.30, 0.05, 0.73, 0.72, 0.18 and 0.41.
    let flipped = Self.values(
      Self.images.augmented(by: RandomHorizontalFlip(), seed: 7), [0, 1, 2, 3, 4, 5])
    #expect(
      flipped.enumerated().map { $1 != Self.image($0) } == [true, true, false, false, true, true])
  }

  @Test func normalizeWorksOnChannels() {
    let data = Self.images.augmented(
      by: Normalize(mean: [1, 10], standardDeviation: [0.5, 4]), seed: 0)
    let expected: [Float] =
      (1...6).map { (Float($0) - 1) / 0.5 } + (7...12).map { (Float($0) - 10) / 4 }
    #expect(Self.values(data, [0]) == [expected])
  }

  @Test func transformsFollowOneAnotherAndShareTheNumbers() {
    let data = Self.images.augmented(
      by: RandomShift(2), RandomHorizontalFlip(probability: 0.5),
      Normalize(mean: [0, 0], standardDeviation: [2, 2]),
      seed: 7)
    // Python: sample 1 moves by (-2, -2) and then draws 0.92, sample 4 by (-2, -1) and 0.41.
    let still = Self.moved(Self.image(1), top: -2, left: -2, fill: 0)
    let moved = Self.moved(Self.image(4), top: -2, left: -1, fill: 0)
    let expected = [still, Self.mirrored(moved)].map { image in image.map { $0 / 2 } }
    #expect(Self.values(data, [1, 4]) == expected)
  }

  /// The images of an epoch are the same bits for any ranks, batch size and thread.
  @Test(arguments: 1...3, [0, 2])
  func ranksAndThreadsChangeNoImage(ranks: Int, prefetching: Int) {
    let data = Self.images.augmented(by: RandomShift(1), RandomHorizontalFlip(), seed: 5)
    let alone = Self.values(data, [0, 1, 2, 3, 4, 5], epoch: 3)
    var seen: [Int32: [Float]] = [:]
    for rank in 0..<ranks {
      let batches = DataLoader(
        data, batchSize: 4, shuffledBy: 9, shardedOver: RankStub(rank: rank, size: ranks),
        prefetching: prefetching)
      for (images, labels) in batches.epoch(3) {
        for (place, label) in labels.array(of: Int32.self).enumerated() {
          seen[label] = Array(images.floats[place * 12..<place * 12 + 12])
        }
      }
    }
    #expect((0..<6).map { seen[$0] } == alone)
  }

  @Test func mistakesStopWithTheNumbers() async {
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.images.augmented(seed: 0)
    }
    #expect(said(none, "augmented: there is no transform"))
    let flat = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoaderTests.counting(1).augmented(by: RandomShift(1), seed: 0)
    }
    #expect(
      said(flat, "augmented: inputs are [1], but must be [channels, height, width]"))
    let crop = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.images.augmented(by: RandomCrop(5, padding: 1), seed: 0)
    }
    #expect(
      said(crop, "RandomCrop: 5 x 5 is larger than an image of [2, 2, 3] with padding 1"))
    let size = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RandomCrop(0)
    }
    #expect(said(size, "RandomCrop: 0 x 0 with padding 0 is not a part of an image"))
    let shift = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RandomShift(-1)
    }
    #expect(said(shift, "RandomShift: the distance is -1, but must not be negative"))
    let flip = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RandomHorizontalFlip(probability: 1.5)
    }
    #expect(said(flip, "RandomHorizontalFlip: probability 1.5 is not between 0 and 1"))
    let channels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.images.augmented(by: Normalize(mean: [0], standardDeviation: [1]), seed: 0)
    }
    #expect(
      said(channels, "Normalize: 1 means do not fit the channels of an image of [2, 2, 3]"))
    let std = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Normalize(mean: [0], standardDeviation: [0])
    }
    #expect(
      said(
        std,
        "Normalize: 1 means and the deviations [0.0] do not make a positive deviation for each mean"
      ))
  }
}
