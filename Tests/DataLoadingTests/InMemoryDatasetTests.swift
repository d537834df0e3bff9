import DataLoading
import TensorCore
import Testing

@Suite struct InMemoryDatasetTests {
  static let floats = InMemoryDataset(
    inputs: (0..<24).map { Float($0) }, shape: [2, 3], labels: [10, 11, 12, 13])

  @Test func batchGathersRowsInTheirOrder() {
    let (inputs, targets) = Self.floats.batch([2, 0, 2])
    #expect(inputs.shape == [3, 2, 3])
    #expect(targets.shape == [3])
    let rows: [Float] = [12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17]
    #expect(inputs.floats == rows)
    #expect(targets.dtype == .int32)
    #expect(targets.array(of: Int32.self) == [12, 10, 12])
  }

  @Test func bytesAreScaledWithTheBatch() {
    let bytes = (0...255).map { UInt8($0) }
    let data = InMemoryDataset(
      bytes: bytes, shape: [4, 16], labels: [0, 1, 2, 3], scale: 0.25, offset: -3)
    let (inputs, targets) = data.batch([3, 1])
    #expect(inputs.shape == [2, 4, 16])
    #expect(inputs.floats == (Array(192...255) + Array(64...127)).map { Float($0) * 0.25 - 3 })
    #expect(targets.array(of: Int32.self) == [3, 1])
  }

  @Test func bytesGoFromZeroToOneByDefault() {
    let (inputs, _) = InMemoryDataset(bytes: [0, 51, 255], shape: [3], labels: [0]).batch([0])
    #expect(inputs.floats == [0, 51 * (1 / 255 as Float), 1])
  }

  @Test func samplesMayBeScalars() {
    let (inputs, targets) = InMemoryDataset(inputs: [5, 6], shape: [], labels: [1, 2]).batch([1])
    #expect(inputs.shape == [1])
    #expect(inputs.floats == [6])
    #expect(targets.array(of: Int32.self) == [2])
  }

  @Test func emptyBatchKeepsTheSampleShape() {
    let (inputs, targets) = Self.floats.batch([])
    #expect(inputs.shape == [0, 2, 3])
    #expect(targets.shape == [0])
  }

  @Test func mistakesStopWithTheNumbers() async {
    let values = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = InMemoryDataset(inputs: [1, 2, 3], shape: [2], labels: [0, 1])
    }
    #expect(
      said(
        values,
        "InMemoryDataset: 2 labels and inputs of shape [2] need 4 values, but there are 3"))
    let index = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = InMemoryDataset(inputs: [1, 2], shape: [], labels: [0, 1]).batch([1, 2])
    }
    #expect(said(index, "InMemoryDataset: sample 2 is out of range of a data set of 2"))
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = InMemoryDataset(bytes: [1, 2], shape: [], labels: [0, 1]).batch([-1])
    }
    #expect(said(negative, "InMemoryDataset: sample -1 is out of range of a data set of 2"))
  }
}
