import DataLoading
import TensorCore
import Testing

/// The digest by which ranks tell that they read the same data.
@Suite struct DigestTests {
  private func dataset(
    count: Int = 600, order: (Int) -> Int = { $0 }, label: (Int) -> Int32 = { Int32($0 % 7) }
  ) -> InMemoryDataset<Float, Int32> {
    let samples = (0..<count).map(order)
    return InMemoryDataset(
      inputs: samples.flatMap { [Float($0), Float($0) * 0.5] }, shape: [2],
      labels: samples.map(label))
  }

  @Test func isAFunctionOfTheData() { #expect(dataset().digest() == dataset().digest()) }

  @Test func differsForOtherDataOrderAndSize() {
    let digests = [
      dataset(), dataset(count: 599), dataset(order: { 599 - $0 }),
      dataset(label: { Int32(($0 + 1) % 7) }),
    ].map { $0.digest() }
    #expect(Set(digests).count == 4)
  }

  /// Of a set that is not larger than the number of samples read, every value counts.
  @Test func seesEveryLabelOfASmallSet() {
    let original = dataset(count: 200).digest()
    for changed in 0..<200 {
      let digest = dataset(count: 200, label: { Int32($0 % 7) + ($0 == changed ? 1 : 0) }).digest()
      #expect(digest != original, "label \(changed)")
    }
  }

  @Test func ofNoSamplesExists() {
    #expect(dataset(count: 0).digest() != dataset(count: 1).digest())
  }
}
