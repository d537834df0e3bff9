import DataLoading
import TensorCore
import TestSupport
import Testing

/// Arguments that no data set and no loader can do anything with.
@Suite(.serialized) struct ArgumentTests {
  private static let misuses: [(sentence: String, body: @Sendable () -> Void)] = [
    (
      "InMemoryDataset: shape [-1, -2]: a size is negative",
      { _ = InMemoryDataset(inputs: [1, 2] as [Float], shape: [-1, -2], labels: [0]) }
    ),
    (
      "ByteDataset: scale nan and offset 0.0; both must be finite",
      { _ = ByteDataset(bytes: [1], shape: [1], labels: [0], scale: .nan) }
    ),
    ("MappedDataset: shape [-1]: a size is negative", { _ = data.mappingInputs(to: [-1]) { $0 } }),
    (
      "Normalize: the means [nan] are not all finite",
      { _ = Normalize(mean: [.nan], standardDeviation: [1]) }
    ),
    (
      "Normalize: 1 means and the deviations [inf] do not make",
      { _ = Normalize(mean: [0], standardDeviation: [.infinity]) }
    ),
    (
      "TokenSequence: a vocabulary of 0; it must be at least 1",
      { _ = try? TokenSequence(tokenFile: "none", vocabularySize: 0) }
    ),
    ("DataLoader: the batch size is 0", { _ = DataLoader(data, batchSize: 0) }),
    (
      "DataLoader: prefetching is -1, but must not be negative",
      { _ = DataLoader(data, batchSize: 1, prefetching: -1) }
    ),
    (
      "split: the fraction to hold out is nan, but must be between 0 and 1",
      { _ = data.randomSplit(holdingOut: .nan, seed: 0) }
    ),
    (
      "RandomHorizontalFlip: probability nan is not between",
      { _ = RandomHorizontalFlip(probability: .nan) }
    ),
  ]

  private static var data: InMemoryDataset<Float, Int32> {
    InMemoryDataset(inputs: [1, 2], shape: [1], labels: [0, 1])
  }

  @Test(arguments: misuses.indices)
  func refusedArgumentStopsWithASentence(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in Self.misuses[index].body() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
