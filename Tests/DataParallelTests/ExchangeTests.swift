import Communication
import DataParallel
import Glibc
import Kernels
import TensorCore
import TestSupport
import Testing

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

  /// With a slow network and layers that take as long, what is left to wait for after the pass is
  /// little more than the last bucket.
  @Test func waitingForTheNetworkIsHidden() {
    let network = ThreadNetwork(secondsPerMessage: 0.004 * patience)
    func exposed(_ overlap: CommunicationOverlap) -> Double {
      let seconds = withThreadRanks(2, ranksPerHost: [1, 1], network: network) { world in
        let buckets = (0..<8).map { Stretch(.float32, start: 4096 * $0, count: 1024) }
        let wire = Wire(buckets)
        guard
          let window = world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire))
        else { return Double.infinity }
        let exchange = SharedMemoryExchange(wire, in: window, over: world, overlap: overlap)
        let rounds = (0..<max(3, 20 / Int(patience))).map { _ in
          exchange.begin(weight: 1, total: 1)
          for index in buckets.indices {
            usleep(UInt32(5000 * patience))  // the layer's backward pass
            exchange.publish(index)
            exchange.progress()
          }
          let start = ContinuousClock.now
          exchange.finish()
          let time = (ContinuousClock.now - start).components
          return Double(time.seconds) + Double(time.attoseconds) * 1e-18
        }
        return rounds.min() ?? .infinity  // of a machine that may have other work
      }
      return seconds.max() ?? .infinity
    }
    // In turns, so that other work on the machine meets both.
    var (on, off) = (Double.infinity, Double.infinity)
    for _ in 0..<4 {
      on = min(on, exposed(.on))
      off = min(off, exposed(.off))
    }
    #expect(off > 0.03 * patience && on < 0.4 * off, "\(on) s of \(off) s")
  }
}

extension ExchangeTests {
  /// Steps of 3 ms that overlap and of 5 ms that do not, or the other way round; the first steps,
  /// which are slow, must not count.
  @Test(arguments: [(3.0, 5.0), (5.0, 3.0)])
  func theTwoWaysTakeTurnsUntilTheFasterIsKnown(_ on: Double, _ off: Double) {
    var trial = OverlapTrial()
    var (now, overlaps, taken) = (UInt64(1_000_000), false, [false: 0, true: 0])
    for round in 0..<(OverlapTrial.warmUp + OverlapTrial.length) {
      #expect(!trial.isComplete)
      taken[overlaps, default: 0] += 1
      now += round < OverlapTrial.warmUp ? 90_000_000 : UInt64((overlaps ? on : off) * 1e6)
      overlaps = trial.roundDidEnd(at: now)
    }
    #expect(trial.isComplete && taken[true] == taken[false])
    #expect(zip(trial.medians, [off, on]).allSatisfy { abs($0 - $1 * 1e-3) < 1e-9 })
  }

  /// Beyond the trial, in which the ranks agree what is faster.
  @Test func sumsAreCompleteWhileTheWaysAreTried() {
    let wrong = withThreadRanks(4, ranksPerHost: [2, 2]) { world -> Int in
      let wire = Wire((0..<3).map { Stretch(.float32, start: 256 * $0, count: 64) })
      guard let window = world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire))
      else { return -1 }
      let exchange = SharedMemoryExchange(wire, in: window, over: world)
      let buckets = wire.stretches.map { Numbers($0, of: window.parts[world.localRank]) }
      var room = [Float](repeating: 0, count: 64)
      return (1...2 * (OverlapTrial.warmUp + OverlapTrial.length)).filter { round in
        exchange.begin(weight: 1, total: 1)
        for (index, bucket) in buckets.enumerated() {
          bucket.write(0..<64, [Float](repeating: Float(round * (world.rank + 1)), count: 64))
          exchange.publish(index)
          exchange.progress()
        }
        exchange.finish()
        return buckets.contains { bucket in
          room.withUnsafeMutableBufferPointer { room in
            guard let start = room.baseAddress else { return true }
            let found = bucket.read(0..<64, start)
            return (0..<64).contains { found[$0] != Float(10 * round) }
          }
        }
      }.count
    }
    #expect(wrong == [0, 0, 0, 0])
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
      if integer(0..<20, own) == 0 { usleep(UInt32(integer(1..<150, own))) }
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
