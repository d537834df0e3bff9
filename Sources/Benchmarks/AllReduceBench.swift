package import Lockstep
import Support

/// All-reduces of float32 sums in two ways, and copies of as much memory, in turns.
package final class AllReduceBench {
  /// Seconds of one of each: the median of the slowest rank.
  package struct Times {
    package let mpi: Double
    /// Nil where ranks share no memory.
    package let shared: Double?
    package let copy: Double
  }

  private static let largest = 64 << 20
  /// What gradients travel in by default.
  private static let bucketBytes = 1 << 20

  private let world: any Communicator
  private let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: largest / 4)
  private let copies = UnsafeMutableBufferPointer<Float>.allocate(capacity: largest / 4)
  private let window: SharedWindow?

  /// Collective.
  package init(over world: any Communicator) {
    self.world = world
    let bytes = SharedMemoryExchange.byteCount(Self.wire(Self.largest))
    window = world.isOneHost ? world.makeSharedWindow(byteCount: bytes) : nil
    values.initialize(repeating: 0)
    copies.initialize(repeating: 0)
  }

  deinit {
    values.deallocate()
    copies.deallocate()
  }

  /// Whether there are times of `shared`.
  package var hasSharedMemory: Bool { window != nil }

  /// Buckets of `bytes` in all, whole cache lines.
  private static func wire(_ bytes: Int) -> Wire {
    let counts = stride(from: 0, to: bytes, by: bucketBytes).map {
      min(bucketBytes, bytes - $0) / 4
    }
    return Wire(counts.map { Stretch(.float32, start: 0, count: BucketPlan.padded($0, .float32)) })
  }

  /// Times sums of `bytes`; collective. Stops the program where a sum is wrong.
  package func measure(_ bytes: Int) -> Times {
    let buffer = UnsafeMutableBufferPointer(rebasing: values[..<(bytes / 4)])
    let target = UnsafeMutableBufferPointer(rebasing: copies[..<(bytes / 4)])
    let shared = window.map { SharedSum(bytes, in: $0, over: world) }
    requireRightSums("mpi", buffer) { world.allReduce(buffer, .sum) }
    if let shared { requireRightSums("shared", shared.values, shared.sum) }

    // Small ones many at a time, or the clock and the barrier would be measured.
    let batch = bytes < 64 << 10 ? 10 : 1
    var seconds: (mpi: [Double], shared: [Double], copy: [Double]) = ([], [], [])
    for round in 0..<max(12, min(104, (128 << 20) / bytes)) {
      let mpi = time(buffer, batch) { world.allReduce(buffer, .sum) }
      let ours = shared.map { time($0.values, batch, $0.sum) }
      let copy = time(buffer, batch) { _ = target.update(fromContentsOf: buffer) }
      guard round >= 4 else { continue }
      seconds.mpi.append(mpi)
      if let ours { seconds.shared.append(ours) }
      seconds.copy.append(copy)
    }
    func slowest(_ times: [Double]) -> Double { world.maximum(Timings(times).median) }
    return Times(
      mpi: slowest(seconds.mpi), shared: shared == nil ? nil : slowest(seconds.shared),
      copy: slowest(seconds.copy))
  }

  /// Seconds that each of `batch` calls of `body` takes when all ranks begin together, after they
  /// have written `buffer`.
  private func time(
    _ buffer: UnsafeMutableBufferPointer<Float>, _ batch: Int, _ body: () -> Void
  ) -> Double {
    buffer.update(repeating: 0)
    world.barrier()
    let start = monotonicSeconds()
    for _ in 0..<batch { body() }
    return (monotonicSeconds() - start) / Double(batch)
  }

  private func requireRightSums(
    _ name: String, _ buffer: UnsafeMutableBufferPointer<Float>, _ sum: () -> Void
  ) {
    for index in buffer.indices { buffer[index] = Float((index % 100) * (world.rank + 1)) }
    sum()
    let ranks = world.size * (world.size + 1) / 2
    let wrong = buffer.indices.first { buffer[$0] != Float(($0 % 100) * ranks) }
    check(
      wrong == nil,
      "bench allreduce: \(name): of \(buffer.count) sums, number \(wrong ?? 0) is wrong")
  }

  /// Sums as training takes them.
  private final class SharedSum {
    let values: UnsafeMutableBufferPointer<Float>
    private let exchange: SharedMemoryExchange
    private let bucketCount: Int

    /// Sums of `bytes`, or of a cache line at least, in `window`, of which nothing else is used.
    /// Collective.
    init(_ bytes: Int, in window: SharedWindow, over world: any Communicator) {
      let wire = AllReduceBench.wire(bytes)
      let part = window.parts[world.localRank]
      world.barrier()  // so that nobody still reads what is cleared
      part.initializeMemory(
        as: UInt8.self, repeating: 0, count: SharedMemoryExchange.byteCount(wire))
      world.barrier()
      values = UnsafeMutableBufferPointer(
        start: part.assumingMemoryBound(to: Float.self), count: wire.byteCount / 4)
      exchange = SharedMemoryExchange(wire, in: window, over: world)
      bucketCount = wire.stretches.count
    }

    func sum() {
      for index in 0..<bucketCount { exchange.publish(index) }
      exchange.finish()
    }
  }
}
