import Communication
import Glibc
import Synchronization
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct ThreadRankTests {
  @Test(arguments: [1, 2, 3, 8])
  func collectivesSeeAllRanks(_ size: Int) {
    let results = withThreadRanks(size) { world in
      var numbers = (0..<5).map { Int32(world.rank * 10 + $0) }
      numbers.withUnsafeMutableBufferPointer { world.allReduce($0, .sum) }
      var letters: [UInt8] = [7, UInt8(world.rank)]
      letters.withUnsafeMutableBytes { world.broadcast($0, from: size - 1) }
      return [
        "\(numbers)", "\(letters)", "\(world.gather("rank \(world.rank)"))",
        "\(world.minimum(Float(world.rank))) \(world.maximum(UInt64(world.rank)))",
      ]
    }
    let ranks = Array(0..<size)
    let expected = [
      "\((0..<5).map { index in ranks.reduce(0) { $0 + $1 * 10 + index } })",
      "\([7, size - 1])", "\(ranks.map { "rank \($0)" })", "0.0 \(size - 1)",
    ]
    #expect(results == Array(repeating: expected, count: size))
  }

  /// Each rank counts before the barrier; whoever leaves it finds that all have.
  @Test func noRankLeavesABarrierBeforeAllEntered() {
    let early = withThreadRanks(3) { world -> [Int] in
      guard let window = world.makeSharedWindow(byteCount: 8) else { return [-1] }
      let rounds = window.parts.map { $0.assumingMemoryBound(to: Atomic<Int>.self) }
      return (1...2000).filter { round in
        // One of them comes late.
        if round % 3 == world.rank { for _ in 0..<20 { sched_yield() } }
        rounds[world.localRank].pointee.store(round, ordering: .relaxed)
        world.barrier()
        return rounds.contains { $0.pointee.load(ordering: .relaxed) < round }
      }
    }
    #expect(early == [[], [], []])
  }

  @Test func windowsAreSeenByAllRanks() {
    let seen = withThreadRanks(4) { world -> [Int] in
      guard let window = world.makeSharedWindow(byteCount: 8) else { return [] }
      let cells = window.parts.map { $0.assumingMemoryBound(to: Int.self) }
      let before = cells.map(\.pointee)
      window.barrier()
      cells[world.localRank].pointee = 100 + world.rank
      window.barrier()
      let after = cells.map(\.pointee)
      window.barrier()
      return before + after
    }
    #expect(seen == Array(repeating: [0, 0, 0, 0, 100, 101, 102, 103], count: 4))
  }

  @Test func hostsArePretended() {
    let seen = withThreadRanks(3, ranksPerHost: [2, 1]) { world in
      let window = world.makeSharedWindow(byteCount: 8)
      let cells = window?.parts.map { $0.assumingMemoryBound(to: Int.self) } ?? []
      if cells.count == world.localSize { cells[world.localRank].pointee = 10 + world.rank }
      window?.barrier()
      return "\(world.host) \(world.localRank)/\(world.localSize) \(cells.map(\.pointee))"
    }
    #expect(seen == ["host0 0/2 [10, 11]", "host0 1/2 [10, 11]", "host1 0/1 [12]"])
    let isolated = withSimulatedRanks(2, sharingMemory: false) { world in
      world.makeSharedWindow(byteCount: 8) == nil
    }
    #expect(isolated == [true, true])
  }

  @Test func sumsAcrossHostsAreThoseOfOneRankOfEach() {
    let sums = withThreadRanks(5, ranksPerHost: [2, 3]) { world -> [Float16] in
      let isOwner = world.localRank < world.leastLocalSize
      var values = isOwner ? [1, 1000.5, Float16(world.rank)] : []
      values.withUnsafeMutableBufferPointer { world.allReduceAcrossHosts($0, of: 6) }
      return values
    }
    #expect(sums == [[2, 2001, 2], [2, 2001, 4], [2, 2001, 2], [2, 2001, 4], []])
  }

  @Test func halvesAreRoundedOnce() {
    let sums = withThreadRanks(3) { world -> [Float16] in
      // 2048 + 1 is no half; rounded each time, the sum would stay 2048.
      var values: [Float16] = [world.isRoot ? 2048 : 1, 60000]
      values.withUnsafeMutableBufferPointer { world.allReduce($0, .sum) }
      return values
    }
    #expect(sums == Array(repeating: [2050, .infinity], count: 3))
  }

  /// Of three ranks, two have waited for the third; on top of its own 0.1 s they did 0.4 and 0.8 s.
  @Test func whoWasWaitedForIsNamed() {
    let waited = [0.5, 0.1, 0.9]
    let numbers = [1, 3, 5]
    #expect(
      straggler(waited, over: 2, beyond: 0.5, numbered: numbers)
        == "rank 3 is slow: the others waited 0.6 s for it, 30 % of the time")
    #expect(straggler(waited, over: 2, beyond: 0.7, numbered: numbers) == nil)
    #expect(
      straggler(waited, over: 12.1, beyond: 0.5, numbered: numbers) == nil, "less than a twentieth")
    #expect(
      straggler([0.3, 0.3], over: 1, beyond: 0.1, numbered: numbers) == nil,
      "they have waited in turn")
  }

  /// What the core keeps per thread: recording, and the default generator.
  @Test func threadsOfTheCoreDoNotMeet() {
    let results = withThreadRanks(4) { world in
      Generator.seed(UInt64(world.rank % 2))
      func recordsBesideOthers() -> Bool {
        world.barrier()
        return isGradientEnabled
      }
      let inside = world.isRoot ? noGrad(recordsBesideOthers) : recordsBesideOthers()
      let numbers = Tensor.uniform([3]).floats
      world.barrier()
      return (inside, numbers)
    }
    #expect(results.map(\.0) == [false, true, true, true])
    #expect(results[0].1 == results[2].1 && results[1].1 == results[3].1)
    #expect(results[0].1 != results[1].1)
  }

  @Test func differentCollectivesAreRefused() async {
    await #expect(processExitsWith: .failure) {
      _ = withThreadRanks(2) { world in
        if world.isRoot { world.barrier() } else { _ = world.sum([1]) }
      }
    }
  }
}
