import DataLoading
import TensorCore
import Testing

@Suite(.serialized) struct ByteDatasetTests {
  @Test func bytesAreScaledWithTheBatch() {
    let bytes = (0...255).map { UInt8($0) }
    let data = ByteDataset(
      bytes: bytes, shape: [4, 16], labels: [0, 1, 2, 3], scale: 0.25, offset: -3)
    let (inputs, targets) = data.batch([3, 1])
    #expect(inputs.shape == [2, 4, 16])
    #expect(inputs.floats == (Array(192...255) + Array(64...127)).map { Float($0) * 0.25 - 3 })
    #expect(targets.array(of: Int32.self) == [3, 1])
  }

  @Test func bytesGoFromZeroToOneByDefault() {
    let (inputs, _) = ByteDataset(bytes: [0, 51, 255], shape: [3], labels: [0]).batch([0])
    #expect(inputs.floats == [0, 51 * (1 / 255 as Float), 1])
  }

  @Test func mistakesStopWithTheNumbers() async {
    let values = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ByteDataset(bytes: [1, 2, 3], shape: [2], labels: [0, 1])
    }
    #expect(
      said(values, "ByteDataset: 2 labels and inputs of shape [2] need 4 values, but there are 3"))
    let index = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ByteDataset(bytes: [1, 2], shape: [], labels: [0, 1]).batch([2])
    }
    #expect(said(index, "ByteDataset: sample 2 is out of range of a data set of 2"))
  }
}
