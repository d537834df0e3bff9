#if MPI
import Benchmarks
import Glibc
import Lockstep
import Support

/// The pairs of ranks whose links are measured, and how.
struct LinkBench {
  /// More would take minutes.
  private static let mostPairs = 120
  private static let largeBytes = 4 << 20

  let world: MPICommunicator

  /// All pairs of `ranks`; of too many, each with its neighbor only.
  static func pairs(of ranks: [Int]) -> [(Int, Int)] {
    guard ranks.count > 1 else { return [] }
    let all = ranks.indices.flatMap { first in
      ranks[(first + 1)...].map { (ranks[first], $0) }
    }
    return all.count <= mostPairs ? all : Array(zip(ranks, ranks.dropFirst()))
  }

  /// Times messages between the ranks of each of `pairs`, one pair after another; collective.
  func measure(_ pairs: [(Int, Int)]) -> [Link] {
    var numbers = [Double](repeating: 0, count: 4 * pairs.count)
    for (index, (first, second)) in pairs.enumerated() {
      world.barrier()
      if world.rank == first {
        numbers.replaceSubrange(4 * index..<4 * index + 4, with: ask(second))
      }
      if world.rank == second { answer(first) }
    }
    numbers = pairs.isEmpty ? [] : world.sum(numbers)  // all but one rank have zeros
    return pairs.indices.map { index in
      let link = numbers[(4 * index)...]
      return Link(
        latency: link[4 * index], bandwidth: link[4 * index + 1],
        clock: (link[4 * index + 2], link[4 * index + 3]))
    }
  }

  private static let rounds = (small: 200, large: 5)

  /// The four numbers of a link.
  private func ask(_ peer: Int) -> [Double] {
    var samples: [ClockOffset.Sample] = []
    for _ in 0..<Self.rounds.small {
      let asked = systemNanoseconds()
      send(asked, to: peer)
      let answer = receive(from: peer)
      samples.append(.init(asked: asked, answer: answer, heard: systemNanoseconds()))
    }
    let ways = samples.dropFirst(10).map { Double($0.heard - $0.asked) / 2e9 }
    let offset = ClockOffset(samples)

    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.largeBytes, alignment: 64)
    defer { buffer.deallocate() }
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    let seconds = (0..<Self.rounds.large).map { _ in
      let start = monotonicSeconds()
      world.send(UnsafeRawBufferPointer(buffer), to: peer)
      world.receive(buffer, from: peer)
      return (monotonicSeconds() - start) / 2
    }
    return [
      Timings(ways).median, Double(Self.largeBytes) / Timings(Array(seconds.dropFirst())).median,
      offset.seconds, offset.uncertainty,
    ]
  }

  private func answer(_ peer: Int) {
    for _ in 0..<Self.rounds.small {
      _ = receive(from: peer)
      send(systemNanoseconds(), to: peer)
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.largeBytes, alignment: 64)
    defer { buffer.deallocate() }
    for _ in 0..<Self.rounds.large {
      world.receive(buffer, from: peer)
      world.send(UnsafeRawBufferPointer(buffer), to: peer)
    }
  }

  private func send(_ value: Int64, to peer: Int) {
    withUnsafeBytes(of: value) { world.send($0, to: peer) }
  }

  private func receive(from peer: Int) -> Int64 {
    var value: Int64 = 0
    withUnsafeMutableBytes(of: &value) { world.receive($0, from: peer) }
    return value
  }
}

/// Nanoseconds since 1970 by this host's clock, which may jump.
private func systemNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
#endif
