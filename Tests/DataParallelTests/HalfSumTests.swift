import Communication
import DataParallel
import Elements
import Testing
import TestSupport

/// Sums of Float16: computed in Float32 and rounded once, wherever they are made.
///
/// The terms have 11 bits of different weight and sums of at most 24, so that Float32 holds them
/// exactly: the right result is that of Float64, rounded once.
@Suite struct HalfSumTests {
  private static let count = 5003

  private static func term(_ rank: Int, _ index: Int) -> Float16 {
    let exponent = (rank * 3 + index) % 4 - 3
    return Float16(
      sign: .plus, exponent: exponent, significand: Float16(1024 + (index * 37 + rank * 211) % 1024)
    )
  }

  /// The sums over `ranks`, rounded once.
  private static func sums(_ ranks: [Int]) -> [Float16] {
    (0..<count).map { index in
      Float16(ranks.reduce(0) { $0 + Double(term($1, index)) })
    }
  }

  /// What is not to come: rounded after each rank.
  private static func roundedAtEveryHop(_ ranks: [Int]) -> [Float16] {
    (0..<count).map { index in ranks.reduce(0) { $0 + term($1, index) } }
  }

  private static func differ(_ a: [Float16], _ b: [Float16]) -> Int {
    zip(a, b).count { $0 != $1 }
  }

  @Test(arguments: [3, 4, 8])
  func theTermsShowWhetherHopsAreRounded(_ size: Int) {
    let ranks = Array(0..<size)
    #expect(Self.differ(Self.sums(ranks), Self.roundedAtEveryHop(ranks)) > Self.count / 10)
  }

  @Test(arguments: [1, 2, 3, 4, 8])
  func messagesRoundOnce(_ size: Int) {
    let found = withSimulatedRanks(size, sharingMemory: false) { world in
      var values = (0..<Self.count).map { Self.term(world.rank, $0) }
      values.withUnsafeMutableBufferPointer { world.allReduce($0, .sum) }
      return values
    }
    #expect(found == Array(repeating: Self.sums(Array(0..<size)), count: size))
  }

  /// What an exchange makes of the terms of all ranks; the second round is that of the network's
  /// other way, where there are several hosts.
  private static func exchanged(
    over world: any Communicator, _ overlap: CommunicationOverlap
  ) -> [[Float16]] {
    let wire = Wire([
      Stretch(.float16, start: 0, count: count), Stretch(.float32, start: 2 * 5024, count: 16),
    ])
    guard let window = world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire))
    else { return [] }
    let exchange = SharedMemoryExchange(wire, in: window, over: world, overlap: overlap)
    let memory = (window.parts[world.localRank] + wire.stretches[0].start)
      .assumingMemoryBound(to: Float16.self)
    return (0..<3).map { _ in
      for index in 0..<count { memory[index] = term(world.rank, index) }
      for bucket in 0..<2 {
        exchange.publish(bucket)
        exchange.progress()
      }
      exchange.finish()
      return Array(UnsafeBufferPointer(start: memory, count: count))
    }
  }

  @Test(arguments: [2, 3, 4, 8])
  func sharedMemoryRoundsOnce(_ size: Int) {
    let found = withThreadRanks(size) { Self.exchanged(over: $0, .off) }
    let expected = Array(repeating: Self.sums(Array(0..<size)), count: 3)
    #expect(found == Array(repeating: expected, count: size))
  }

  /// Between hosts with one rank each nothing is summed before.
  @Test(arguments: [CommunicationOverlap.on, .off])
  func hostsOfOneRankRoundOnce(_ overlap: CommunicationOverlap) {
    let found = withThreadRanks(4, ranksPerHost: [1, 1, 1, 1]) {
      Self.exchanged(over: $0, overlap)
    }
    let expected = Array(repeating: Self.sums([0, 1, 2, 3]), count: 3)
    #expect(found == Array(repeating: expected, count: 4))
  }

  /// What travels between hosts are the sums of each, as Float16: they are rounded once, and so is
  /// the sum of them.
  @Test(arguments: [[2, 2], [3, 1], [1, 2, 3]], [CommunicationOverlap.on, .off])
  func hostsRoundTheirSumsOnce(_ hosts: [Int], _ overlap: CommunicationOverlap) {
    let size = hosts.reduce(0, +)
    let found = withThreadRanks(size, ranksPerHost: hosts) { Self.exchanged(over: $0, overlap) }
    var first = 0
    let ofHosts = hosts.map { ranks in
      defer { first += ranks }
      return Self.sums(Array(first..<first + ranks))
    }
    let sums = (0..<Self.count).map { index in
      Float16(ofHosts.reduce(0) { $0 + Double($1[index]) })
    }
    #expect(found == Array(repeating: Array(repeating: sums, count: 3), count: size))
  }
}
