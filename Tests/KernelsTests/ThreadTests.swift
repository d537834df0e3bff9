import Communication
import Foundation
import Parallel
import Testing
import TestSupport

/// Counts how often each of a number of pieces was run.
private final class Tally: Sendable {
  private let counts: Locked<[Int]>

  init(_ pieces: Int) { counts = Locked(Array(repeating: 0, count: pieces)) }
  func count(_ piece: Int) { counts.withLock { $0[piece] += 1 } }
  var isOnceEach: Bool { counts.withLock { $0.allSatisfy { $0 == 1 } } }
}

@Suite(.serialized) struct ThreadTests {
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

  @Test func concurrentCallersDoNotMeet() {
    let areRight = withThreads(3) {
      withThreadRanks(8) { _ in
        (0..<200).allSatisfy { round in
          let tally = Tally(1 + round)
          parallelFor(1 + round) { tally.count($0) }
          return tally.isOnceEach
        }
      }
    }
    #expect(areRight == Array(repeating: true, count: 8))
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

  /// Three pieces that wait for each other: whoever runs them one after another never ends.
  @Test func piecesRunAtTheSameTime() async {
    // In a process of its own, where nobody else has the team.
    await #expect(processExitsWith: .success) {
      Threads.count = 3
      for _ in 0..<50 {
        let begun = Locked(0)
        let met = Locked(0)
        parallelFor(3) { _ in
          begun.withLock { $0 += 1 }
          let areAllHere = waitUntil { begun.withLock { $0 } == 3 }
          met.withLock { $0 += areAllHere ? 1 : 0 }
        }
        try #require(met.withLock { $0 } == 3)
      }
    }
  }

  /// The system refuses a thread whose stack has no room.
  @Test func threadsThatAreRefusedAreSaid() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(71), observing: [\.standardErrorContent]
    ) {
      let pages = try #require(
        Int(
          try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).prefix { $0 != " " }))
      let room = rlim_t(pages * 4096 + (4 << 20))
      var limit = rlimit(rlim_cur: room, rlim_max: room)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
      Threads.count = 5
      parallelFor(100) { _ in usleep(10) }
    }
    let errors = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(
      errors.contains("error: the system refuses to start thread 2 of 5; use fewer (--threads"))
  }

  /// Ranks that share cores decide only where nobody has.
  @Test func aChosenCountIsKept() async {
    await #expect(processExitsWith: .success) {
      unsetenv("LOCKSTEP_NUM_THREADS")
      Threads.take(share: 2)
      try #require(Threads.count == 2)
      Threads.take(share: 0)
      try #require(Threads.count == 1)
      Threads.count = 3
      Threads.take(share: 2)
      try #require(Threads.count == 3)
    }
  }

  @Test func countIsAtLeastOne() async {
    await #expect(processExitsWith: .success) {
      Threads.count = -3
      #expect(Threads.count == 1)
      #expect(Threads.availableCores >= 1)
    }
  }

  /// On a machine with 8 cores, of which this process may run on `available`.
  @Test(
    arguments: [
      ([:], 8, 8), ([:], 3, 3),
      (["LOCKSTEP_NUM_THREADS": "7"], 8, 7), (["LOCKSTEP_NUM_THREADS": "7"], 1, 7),
      (["LOCKSTEP_NUM_THREADS": "1024"], 8, 1024),
      (["OMPI_COMM_WORLD_LOCAL_SIZE": "1000"], 8, 1), (["MPI_LOCALNRANKS": "1000"], 8, 1),
      (["OMPI_COMM_WORLD_LOCAL_SIZE": "3"], 8, 2), (["MPI_LOCALNRANKS": "2"], 8, 4),
      // Bound by its launcher, a rank has its cores for itself.
      (["OMPI_COMM_WORLD_LOCAL_SIZE": "4"], 2, 2), (["MPI_LOCALNRANKS": "1000"], 3, 3),
      (["LOCKSTEP_NUM_THREADS": "3", "OMPI_COMM_WORLD_LOCAL_SIZE": "1000"], 8, 3),
    ] as [([String: String], Int, Int)])
  func environmentDecides(_ environment: [String: String], _ available: Int, _ expected: Int) {
    let count = Threads.defaultCount(cores: available, isBound: available < 8) { environment[$0] }
    #expect(count == expected)
  }
}
