import DataLoading
import TensorCore
import Testing

/// Data sets that are made of others: subsets, joined ones, changed ones.
@Suite(.serialized) struct DerivedDatasetTests {
  static let data = DataLoaderTests.counting(10)

  /// The inputs of the samples at `indices`, in which `epoch` plays no part.
  static func inputs(_ data: any Dataset, _ indices: [Int]) -> [Float] {
    data.batch(indices).0.floats
  }

  @Test func subsetHasTheChosenSamplesInTheirOrder() {
    let subset = Subset(Self.data, [7, 2, 2, 9])
    #expect(subset.count == 4)
    let (inputs, labels) = subset.batch([3, 0, 1])
    #expect(inputs.shape == [3, 1])
    #expect(inputs.floats == [9, 7, 2])
    #expect(labels.array(of: Int32.self) == [90, 70, 20])
    #expect(Self.inputs(Subset(subset, 1..<3), [0, 1]) == [2, 2])
    #expect(Subset(Self.data, []).count == 0)
  }

  @Test(arguments: [0, 0.2, 0.25, 1 / 3, 0.5, 1] as [Double])
  func splitHasEverySampleOnce(fraction: Double) {
    let (train, validation) = Self.data.randomSplit(holdingOut: fraction, seed: 3)
    #expect(validation.count == Int((10 * fraction).rounded()))
    #expect((train.indices + validation.indices).sorted() == Array(0..<10))
    #expect(train.indices == train.indices.sorted())
    #expect(validation.indices == validation.indices.sorted())
    let again = Self.data.randomSplit(holdingOut: fraction, seed: 3)
    #expect(again.validation.indices == validation.indices)
  }

  @Test func splitDependsOnTheSeed() {
    let heldOut = (0..<20).map {
      Self.data.randomSplit(holdingOut: 0.3, seed: $0).validation.indices
    }
    #expect(Set(heldOut).count > 10)
  }

  @Test func joinedDataSetsFollowOneAnother() {
    let empty = DataLoaderTests.counting(0)
    let joined = ConcatDataset([
      empty, DataLoaderTests.counting(3), empty, Subset(Self.data, [9, 8]), empty,
    ])
    #expect(joined.count == 5)
    #expect(Self.inputs(joined, [0, 1, 2, 3, 4]) == [0, 1, 2, 9, 8])
    let (inputs, labels) = joined.batch([4, 0, 1, 3, 3, 2])
    #expect(inputs.floats == [8, 0, 1, 9, 9, 2])
    #expect(labels.array(of: Int32.self) == [80, 0, 10, 90, 90, 20])
    #expect(joined.batch([]).0.shape == [0, 1])
  }

  @Test func mappedSamplesAreChangedEachOnItsOwn() {
    let pairs = InMemoryDataset(
      inputs: (0..<6).map { Float($0) }, shape: [2], labels: [5, 6, 7])
    let mapped = pairs.mappingInputs(to: [3]) { [Int32($0[0]), Int32($0[1]), -1] }
      .mappingTargets(to: [1]) { [Float($0[0]) / 2] }
    let (inputs, targets) = mapped.batch([2, 0])
    #expect(inputs.shape == [2, 3])
    #expect(inputs.array(of: Int32.self) == [4, 5, -1, 0, 1, -1])
    #expect(targets.shape == [2, 1])
    #expect(targets.floats == [3.5, 2.5])
  }

  /// The data set of Docs/data.md.
  @Test func aDataSetOfOnesOwnNeedsThreePropertiesAndOneMethod() {
    struct Squares: Dataset {
      let count = 1000
      let inputShape: Shape = [1]
      let targetShape: Shape = [1]

      func copySamples(
        _ selection: SampleSelection,
        inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Float>
      ) {
        for (place, index) in selection.indices.enumerated() {
          inputs[place] = Float(index)
          targets[place] = Float(index * index)
        }
      }
    }
    for (inputs, targets) in DataLoader(Squares(), batchSize: 64, shuffledBy: 1).epoch(1) {
      #expect(targets.shape == inputs.shape)
      #expect(targets.floats == inputs.floats.map { $0 * $0 })
    }
  }

  @Test func mistakesStopWithTheNumbers() async {
    let subset = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Subset(Self.data, [3, 10])
    }
    #expect(said(subset, "Subset: sample 10 is out of range of a data set of 10"))
    let index = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Subset(Self.data, [3, 4]).batch([2])
    }
    #expect(said(index, "Subset: sample 2 is out of range of a data set of 2"))
    let fraction = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.data.randomSplit(holdingOut: 1.5, seed: 0)
    }
    #expect(
      said(fraction, "split: the fraction to hold out is 1.5, but must be between 0 and 1"))
    let nothing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConcatDataset<Float, Int32>([])
    }
    #expect(said(nothing, "ConcatDataset: there is no data set to join"))
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConcatDataset([
        Self.data, InMemoryDataset(inputs: [1, 2] as [Float], shape: [2], labels: [0]),
      ])
    }
    #expect(
      said(
        shapes,
        "ConcatDataset: samples of part 1 have the shapes [2] and [], those of part 0 [1] and []"))
    let joined = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConcatDataset([Self.data]).batch([-1])
    }
    #expect(said(joined, "ConcatDataset: sample -1 is out of range of a data set of 10"))
    let mapped = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.data.mappingInputs(to: [2]) { $0 }.batch([4])
    }
    #expect(
      said(
        mapped,
        "MappedDataset: sample 4 became 1 inputs and 1 targets, which do not fit the shapes [2] "
          + "and []"))
  }
}
