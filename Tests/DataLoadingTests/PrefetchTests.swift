import DataLoading
import Foundation
import Parallel
import TensorCore
import Testing
import TestSupport

/// A data set that notes how far it has been read, and by which threads.
private final class Watched: Dataset {
  let count: Int
  let inputShape: Shape = [1]
  let targetShape: Shape = []
  let delay: UInt32
  let reads = Locked<[Int]>([])
  let threads = Locked<Set<UInt>>([])

  init(_ count: Int, delay: UInt32 = 0) {
    self.count = count
    self.delay = delay
  }

  func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>
  ) {
    if delay > 0 { usleep(delay) }
    for (place, index) in selection.indices.enumerated() {
      inputs[place] = Float(index)
      targets[place] = Int32(index * 10)
    }
    _ = threads.withLock { $0.insert(pthread_self()) }
    reads.withLock { $0 += selection.indices }
  }
}

@Suite(.serialized) struct PrefetchTests {
  @Test(arguments: [0, 1, 2, 3, 100], [nil, 7] as [UInt64?])
  func batchesAreTheSame(prefetching: Int, seed: UInt64?) {
    func batches(_ prefetching: Int) -> DataLoader {
      DataLoader(
        DataLoaderTests.counting(11), batchSize: 2, shuffledBy: seed, prefetching: prefetching)
    }
    for start in 0...6 {
      #expect(
        DataLoaderTests.indices(batches(prefetching).epoch(1, from: start))
          == DataLoaderTests.indices(batches(0).epoch(1, from: start)))
    }
  }

  @Test func withoutPrefetchingThisThreadReads() {
    let data = Watched(6)
    for _ in DataLoader(data, batchSize: 2, prefetching: 0).epoch(0) {
      #expect(data.reads.withLock { $0.count }.isMultiple(of: 2))
    }
    #expect(data.threads.withLock { $0 } == [pthread_self()])
  }

  @Test func oneOtherThreadReadsEverythingInOrder() {
    let data = Watched(9)
    for _ in DataLoader(data, batchSize: 2, prefetching: 3).epoch(0) {}
    #expect(data.reads.withLock { $0 } == Array(0..<9))
    #expect(data.threads.withLock { $0.count } == 1)
    #expect(!data.threads.withLock { $0.contains(pthread_self()) })
  }

  @Test(arguments: 1...3)
  func readsAheadNoFurtherThanAsked(prefetching: Int) {
    let data = Watched(20)
    var handedOut = 0
    for _ in DataLoader(data, batchSize: 1, prefetching: prefetching).epoch(0) {
      handedOut += 1
      let most = min(handedOut + prefetching, 20)
      // The thread gets there, and then waits: it is given some time to go on too far.
      #expect(waitUntil { data.reads.withLock { $0.count } >= most })
      if handedOut == 5 { usleep(5000) }
      #expect(data.reads.withLock { $0.count } == most)
    }
    #expect(handedOut == 20)
  }

  /// What a loop leaves behind when its body ends it: no thread, no data set, no tensor.
  @Test(arguments: [0, 1, 5])
  func leavingALoopReleasesEverything(prefetching: Int) async {
    await #expect(processExitsWith: .success) { [prefetching] in
      func threads() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? -1
      }
      let before = threads()
      weak var leaked: Watched?
      let used = MemoryPool.statistics.usedBytes
      for round in 0..<50 {
        let data = Watched(12, delay: 200)
        leaked = data
        for (place, (inputs, _)) in DataLoader(data, batchSize: 3, prefetching: prefetching)
          .epoch(round).enumerated()
        {
          try #require(inputs.floats == [0, 1, 2].map { Float($0 + 3 * place) })
          if place == round % 4 { break }
        }
      }
      try #require(leaked == nil)
      try #require(MemoryPool.statistics.usedBytes == used)
      // The test's own process may start a few; 50 rounds that leave one each are far more.
      try #require(threads() < before + 10, "\(threads()) threads, \(before) before")
    }
  }

  @Test func epochsMayBeNested() {
    let outer = DataLoader(DataLoaderTests.counting(6), batchSize: 2, prefetching: 2)
    let inner = DataLoader(DataLoaderTests.counting(5), batchSize: 2, prefetching: 1)
    for (inputs, _) in outer.epoch(0) {
      let kept = inputs.floats
      #expect(DataLoaderTests.indices(inner.epoch(0)) == [[0, 1], [2, 3], [4]])
      #expect(inputs.floats == kept)
    }
  }

  @Test func positionCountsWhatTheLoopWasHanded() {
    let batches = DataLoader(
      DataLoaderTests.counting(10), batchSize: 3, shuffledBy: 4, prefetching: 2)
    let all = DataLoaderTests.indices(batches.epoch(5))
    let epoch = batches.epoch(5)
    #expect(epoch.position == EpochPosition(epoch: 5, batch: 0))
    var done = 0
    for _ in epoch {
      done += 1
      #expect(epoch.position == EpochPosition(epoch: 5, batch: done))
      let rest = batches.epoch(from: epoch.position)
      #expect(rest.position == epoch.position)
      #expect(DataLoaderTests.indices(rest) == Array(all.dropFirst(done)))
    }
    #expect(epoch.position.batch == 4)
    #expect(Array(batches.epoch(from: epoch.position)).isEmpty)
    for _ in epoch { break }
    #expect(epoch.position.batch == 1)
  }

  @Test func positionCanBeStored() throws {
    let position = EpochPosition(epoch: 3, batch: 17)
    let stored = try JSONEncoder().encode(position)
    #expect(try JSONDecoder().decode(EpochPosition.self, from: stored) == position)
  }

  @Test func mistakesStopWithTheNumbers() async {
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoader(DataLoaderTests.counting(3), batchSize: 1, prefetching: -1)
    }
    #expect(said(negative, "DataLoader: prefetching is -1, but must not be negative"))
    // A mistake that only the other thread meets ends the program too.
    let sample = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let data = DataLoaderTests.counting(4).mappingInputs(to: [2]) { $0 }
      for _ in DataLoader(data, batchSize: 1, prefetching: 2).epoch(0) {}
    }
    #expect(said(sample, "MappedDataset: sample 0 became 1 inputs and 1 targets"))
  }
}
