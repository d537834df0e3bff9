import Communication
import DataParallel
import Glibc
import TensorCore
import TestSupport
import Testing

@Suite struct ExchangeTests {
  /// The protocol of the shared window, with random buckets, orders and delays: every sum of every
  /// round must be complete, and no rank may touch a part that another still uses.
  @Test(arguments: [2, 3, 4, 6])
  func sumsAreCompleteInWhateverOrderRanksPublish(_ size: Int) {
    let failures = withThreadRanks(size) { world in
      (0..<75).flatMap { failedSums(over: world, seed: UInt64($0)) }
    }
    #expect(failures == Array(repeating: [], count: size))
  }
}

/// One case: three rounds over buckets that `seed` determines.
private func failedSums(over world: any Communicator, seed: UInt64) -> [String] {
  let common = Generator(seed: seed)
  func integer(_ range: Range<Int32>, _ generator: Generator) -> Int {
    Tensor.randomIntegers([1], in: range, generator: generator).array(of: Int32.self).map(Int.init)[
      0]
  }
  let sizes = (0..<integer(1..<9, common)).map { _ in 16 * integer(0..<40, common) }
  let plan = BucketPlan(sizes: sizes, bucketSize: integer(1..<1500, common))
  let leaves = sizes.reversed().map { size in
    let tensor = Tensor.zeros([size])
    tensor.requiresGrad = true
    return tensor
  }
  let arena = GradientArena(
    for: leaves.compactMap(\.leaf), over: world,
    counterCount: SharedMemoryExchange.counterCount(plan.buckets.count))
  guard let window = arena.window else { return ["no window"] }
  let exchange = SharedMemoryExchange(
    arena, in: window, buckets: plan.buckets.map(\.elements), rank: world.rank)
  let own = Generator(seed: seed, stream: UInt64(1 + world.rank))
  let values = arena.values.pointer(Float.self)
  var failures: [String] = []
  for round in 1...3 {
    let order = Tensor.permutation(plan.buckets.count, generator: own).array(of: Int64.self)
    for bucket in order.map(Int.init) {
      for element in plan.buckets[bucket].elements {
        values[element] = Float((element % 100 + round) * (world.rank + 1))
      }
      if integer(0..<20, own) == 0 { usleep(UInt32(integer(1..<150, own))) }
      exchange.publish(bucket)
      for _ in 0..<integer(0..<3, own) { exchange.progress() }
    }
    exchange.finish()
    let ranks = world.size * (world.size + 1) / 2
    let wrong = plan.buckets.flatMap(\.elements).first {
      values[$0] != Float(($0 % 100 + round) * ranks)
    }
    if let wrong { failures.append("seed \(seed), round \(round), element \(wrong)") }
  }
  withExtendedLifetime(leaves) {}
  return failures
}
