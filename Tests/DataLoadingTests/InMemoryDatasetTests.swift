import DataLoading
import TensorCore
import Testing

@Suite(.serialized) struct InMemoryDatasetTests {
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

  @Test func targetsMayBeValuesOfAnyShape() {
    let data = InMemoryDataset(
      inputs: (0..<6).map { Int32($0) }, shape: [2], targets: (0..<12).map { Float($0) / 2 },
      targetShape: [2, 2])
    #expect(data.count == 3)
    let (inputs, targets) = data.batch([2, 0])
    #expect(inputs.array(of: Int32.self) == [4, 5, 0, 1])
    #expect(targets.shape == [2, 2, 2])
    #expect(targets.floats == [4, 4.5, 5, 5.5, 0, 0.5, 1, 1.5])
  }

  @Test func samplesMayBeScalars() {
    let (inputs, targets) = InMemoryDataset(inputs: [5, 6] as [Float], shape: [], labels: [1, 2])
      .batch([1])
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
      _ = InMemoryDataset(inputs: [1, 2], shape: [], labels: [0, 1]).batch([-1])
    }
    #expect(said(negative, "InMemoryDataset: sample -1 is out of range of a data set of 2"))
    let targets = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = InMemoryDataset(inputs: [1, 2], shape: [], targets: [1, 2, 3], targetShape: [2])
    }
    #expect(said(targets, "InMemoryDataset: 3 values do not make whole targets of shape [2]"))
    let buffers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let small = UnsafeMutableBufferPointer<Float>.allocate(capacity: 5)
      let labels = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 1)
      Self.floats.copySamples(SampleSelection([0]), inputs: small, targets: labels)
    }
    #expect(
      said(
        buffers,
        "InMemoryDataset: buffers for 5 inputs and 1 targets do not fit 1 samples of shapes "
          + "[2, 3] and []"))
  }
}
