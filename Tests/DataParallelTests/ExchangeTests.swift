import Communication
import DataParallel
import Elements
import Glibc
import TensorCore
import Testing
import TestSupport

@Suite struct ExchangeTests {
  struct Hosts: Sendable, CustomStringConvertible {
    let ranks: [Int]
    let cases: Int
    var size: Int { ranks.reduce(0, +) }
    var description: String { "\(ranks)" }

    init(_ ranks: [Int], cases: Int) {
      self.ranks = ranks
      self.cases = cases
    }
  }

  /// The protocols of the shared window and across hosts, with random buckets, types, orders and
  /// delays: every sum of every round must be complete, and no rank may touch a part that another
  /// still uses.
  @Test(arguments: [
    Hosts([2], cases: 1000), Hosts([3], cases: 600), Hosts([4], cases: 300), Hosts([8], cases: 60),
    Hosts([1, 1], cases: 300), Hosts([2, 2], cases: 200), Hosts([3, 1], cases: 200),
    Hosts([1, 2, 3], cases: 80), Hosts([2, 2, 2, 2], cases: 40),
  ])
  func sumsAreCompleteInWhateverOrderRanksPublish(_ hosts: Hosts) {
    let failures = withThreadRanks(hosts.size, ranksPerHost: hosts.ranks) { world in
      (0..<hosts.cases).flatMap { failedSums(over: world, seed: UInt64($0)) }
    }
    #expect(failures == Array(repeating: [], count: hosts.size))
  }
}

/// One case: three rounds over buckets that `seed` determines.
private func failedSums(over world: any Communicator, seed: UInt64) -> [String] {
  let common = Generator(seed: seed)
  func integer(_ range: Range<Int32>, _ generator: Generator) -> Int {
    Tensor.randomIntegers([1], in: range, generator: generator).array(of: Int32.self).map(Int.init)[
      0]
  }
  let gradients = (0..<integer(1..<9, common)).map { _ in
    (count: integer(0..<640, common), dtype: integer(0..<3, common) == 0 ? DType.float16 : .float32)
  }
  let plan = BucketPlan(gradients, bucketBytes: integer(1..<6000, common))
  let wire = Wire(
    plan.buckets.map(\.stretch), narrowing: integer(0..<3, common) == 0 ? .float16 : nil)
  guard let window = world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire)) else {
    return ["no window"]
  }
  let overlaps = CommunicationOverlap.allCases
  let exchange = SharedMemoryExchange(
    wire, in: window, over: world, overlap: overlaps[integer(0..<3, common)])
  let own = Generator(seed: seed, stream: UInt64(1 + world.rank))
  let buckets = wire.stretches.map { Numbers($0, of: window.parts[world.localRank]) }
  var room = [Float](repeating: 0, count: 8192)
  var failures: [String] = []
  for round in 1...3 {
    exchange.begin(weight: 1, total: 1)
    let order = Tensor.permutation(buckets.count, generator: own).array(of: Int64.self)
    for bucket in order.map(Int.init) {
      // Small enough for Float16 to hold the sums exactly.
      let values = (0..<buckets[bucket].count).map { Float(($0 % 10 + round) * (world.rank + 1)) }
      buckets[bucket].write(0..<values.count, values)
      // Some ranks come late to some buckets.
      if integer(0..<20, own) == 0 { for _ in 0..<integer(1..<50, own) { sched_yield() } }
      exchange.publish(bucket)
      for _ in 0..<integer(0..<3, own) { exchange.progress() }
    }
    exchange.finish()
    let ranks = world.size * (world.size + 1) / 2
    for (bucket, numbers) in buckets.enumerated() {
      let wrong = room.withUnsafeMutableBufferPointer { room in
        room.baseAddress.flatMap { start in
          let found = numbers.read(0..<numbers.count, start)
          return (0..<numbers.count).first { found[$0] != Float(($0 % 10 + round) * ranks) }
        }
      }
      if let wrong {
        failures.append("seed \(seed), round \(round), bucket \(bucket), number \(wrong)")
      }
    }
  }
  return failures
}
