import Foundation
import Kernels
import Testing

/// Counts how often each of a number of pieces was run.
private final class Tally: Sendable {
  private let counts: Locked<[Int]>

  init(_ pieces: Int) { counts = Locked(Array(repeating: 0, count: pieces)) }
  func count(_ piece: Int) { counts.withLock { $0[piece] += 1 } }
  var isOnceEach: Bool { counts.withLock { $0.allSatisfy { $0 == 1 } } }
}

/// Tests that change `Threads.count`, which the process shares: one after the other.
@Suite(.serialized) struct ThreadTests {
  func withThreads<Result>(_ count: Int, _ body: () -> Result) -> Result {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = count
    return body()
  }

  @Test(arguments: 1...5)
  func everyPieceRunsOnce(_ threads: Int) {
    withThreads(threads) {
      for pieces in [0, 1, 2, 3, 7, 64, 1000] {
        for _ in 0..<20 {
          let tally = Tally(pieces)
          parallelFor(pieces) { tally.count($0) }
          #expect(tally.isOnceEach)
        }
      }
    }
  }

  @Test(arguments: 1...5)
  func rangesCoverEveryIndexOnce(_ threads: Int) {
    withThreads(threads) {
      for count in [0, 1, 15, 16, 17, 1000, 4096, 10_007] {
        for (grain, unit) in [(0, 16), (1, 16), (1, 1), (100, 32), (100, 1), (5000, 16)] {
          let tally = Tally(count)
          parallelRanges(count, grain: grain, unit: unit) { range in
            for index in range { tally.count(index) }
            #expect(range.lowerBound % unit == 0)
            #expect(range.count >= min(grain, count))
          }
          #expect(tally.isOnceEach, "\(count) indices, grain \(grain), unit \(unit)")
        }
      }
    }
  }

  @Test func nestedCallsRunEveryPieceOnce() {
    withThreads(3) {
      let tally = Tally(8 * 50)
      parallelFor(8) { outer in parallelFor(50) { tally.count(outer * 50 + $0) } }
      #expect(tally.isOnceEach)
    }
  }

  @Test func concurrentCallersDoNotMeet() async {
    Threads.count = 3
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<200).allSatisfy { round in
            let tally = Tally(1 + round)
            parallelFor(1 + round) { tally.count($0) }
            return tally.isOnceEach
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    Threads.count = Threads.availableCores
  }

  /// A team that sleeps, grows, and shrinks again.
  @Test func teamSurvivesSleepAndResizing() {
    for threads in [4, 1, 5, 2, 4] {
      withThreads(threads) {
        usleep(20_000)
        let tally = Tally(100)
        parallelFor(100) { tally.count($0) }
        #expect(tally.isOnceEach)
      }
    }
  }

  /// Jobs so short that helpers come to many of them when these are over.
  @Test func lateHelpersAreNotNeeded() {
    let wrong = withThreads(4) {
      (0..<200_000).first { round in
        let sum = Locked(0)
        parallelFor(3) { piece in sum.withLock { $0 += round + piece } }
        return sum.withLock { $0 } != 3 * round + 3
      }
    }
    #expect(wrong == nil)
  }

  @Test func piecesRunOnSeveralThreads() {
    let threads = Locked(Set<UInt>())
    withThreads(3) {
      for _ in 0..<50 {
        parallelFor(30) { _ in
          let identity = UInt(pthread_self())
          threads.withLock { _ = $0.insert(identity) }
          usleep(100)
        }
      }
    }
    #expect(threads.withLock { $0.count } > 1)
  }

  @Test func countIsAtLeastOne() {
    withThreads(-3) { #expect(Threads.count == 1) }
    #expect(Threads.availableCores >= 1)
  }

  @Test(
    arguments: [
      (["LOCKSTEP_NUM_THREADS": "7"], 7), (["LOCKSTEP_NUM_THREADS": "0"], 0),
      (["OMPI_COMM_WORLD_LOCAL_SIZE": "1000"], 1), (["MPI_LOCALNRANKS": "1000"], 1),
      (["LOCKSTEP_NUM_THREADS": "3", "OMPI_COMM_WORLD_LOCAL_SIZE": "1000"], 3),
    ] as [([String: String], Int)])
  func environmentDecides(_ environment: [String: String], _ expected: Int) {
    let names = ["LOCKSTEP_NUM_THREADS", "OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"]
    for name in names { unsetenv(name) }
    for (name, value) in environment { setenv(name, value, 1) }
    #expect(Threads.defaultCount() == (expected == 0 ? Threads.availableCores : expected))
  }
}
