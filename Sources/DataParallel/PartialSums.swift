import CKernels
import Communication
import Diagnostics
import Elements
import Kernels
import TensorCore

/// The sums of gradients over complete subtrees of the micro-batches, on this rank and, where
/// memory is shared, as seen on the others.
final class PartialSums {
  private let world: any Communicator
  /// Numbers of one sum.
  private let count: Int
  /// The first of each bucket's numbers in a sum, and behind the last one.
  private let firsts: [Int]
  /// Whether the sums lie in memory that all ranks see.
  private let isShared: Bool
  private var capacity = 0
  /// Sums of this rank, one after another; those of each rank where memory is shared.
  private var own: Tensor?
  private var ranks: [UnsafeMutablePointer<Float>] = []

  private var tree = SummationTree(leafCount: 0)
  private var fold = SummationTree.Fold(SummationTree(leafCount: 0))
  private var steps: [SummationTree.Step] = []
  /// The most sums that any rank brings to the exchange.
  private var mostHeld = 0
  private var shares: [Range<Int>] = []

  /// Sums of all numbers of `buckets`, in Float32 whatever their type. Where memory is shared it is
  /// by all ranks.
  init(_ buckets: [Stretch], isShared: Bool, over world: any Communicator) {
    firsts = buckets.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    count = firsts[buckets.count]
    self.isShared = isShared
    self.world = world
  }

  /// Forgets all sums and begins with those of a batch. Collective: learns the shares of all ranks
  /// when the number of micro-batches changes, and makes room.
  func begin(_ batch: MicroBatch) {
    if tree.leafCount != batch.count || shares[world.rank] != batch.ofRank {
      tree = SummationTree(leafCount: batch.count)
      learnShares(batch)
      steps = tree.steps(for: shares)
      let held = shares.map(tree.held(after:))
      mostHeld = held.map(\.nodes.count).max() ?? 0
      makeRoom(for: max(1, held.map(\.most).max() ?? 0))
    }
    fold = SummationTree.Fold(tree)
  }

  private func learnShares(_ batch: MicroBatch) {
    var bounds = [Int64](repeating: 0, count: 2 * world.size)
    let mine = [Int64(batch.ofRank.lowerBound), Int64(batch.ofRank.upperBound)]
    mine.withUnsafeBytes { mine in
      bounds.withUnsafeMutableBytes { world.allGather(mine, into: $0) }
    }
    shares = (0..<world.size).map { Int(bounds[2 * $0])..<Int(bounds[2 * $0 + 1]) }
    let leaves = shares.flatMap { Array($0) }
    check(
      leaves == Array(0..<batch.count),
      "averageGradients: the shares \(shares) do not make \(batch.count) micro-batches in order")
  }

  private func makeRoom(for sums: Int) {
    guard sums > capacity else { return }
    capacity = sums
    // Behind the sums, the two numbers of each sum's weight.
    let bytes = sums * (count + 2) * MemoryLayout<Float>.size
    if isShared {
      guard let window = world.makeSharedWindow(byteCount: bytes) else {
        stop(
          "averageGradients: /dev/shm has no room for \(sums) sums of \(count) gradients per rank")
      }
      ranks = window.parts.map { $0.assumingMemoryBound(to: Float.self) }
      let storage = Storage(window.parts[world.localRank], byteCount: bytes, ownedBy: window)
      own = Tensor(
        storage: storage, dtype: .float32, shape: [sums * (count + 2)], strides: [1], offset: 0)
    } else {
      own = Tensor(uninitialized: [sums * (count + 2)])
    }
  }

  private var ownStart: UnsafeMutablePointer<Float> {
    guard let own else { stop("averageGradients: no room for sums; a round has not begun") }
    return own.pointer(Float.self)
  }

  /// Goes on to micro-batch `index`, which weighs `weight`. Unlike the rest of what is summed it is
  /// known, where memory is shared, as soon as the last micro-batch has begun everywhere.
  func add(leaf index: Int, weight: Double) {
    fold.add(leaf: index)
    let weights = ownStart + capacity * count
    let target = fold.nodes.count - 1
    var (whole, rest) = LayoutTail.parts(weight)
    for place in stride(from: target + fold.joins - 1, through: target, by: -1) {
      whole = weights[2 * place] + whole
      rest = weights[2 * place + 1] + rest
    }
    (weights[2 * target], weights[2 * target + 1]) = (whole, rest)
  }

  /// What all micro-batches weigh, from the shared memory of all ranks.
  func totalWeight() -> Double {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { parts in
      guard let start = parts.baseAddress, !steps.isEmpty else { return 0 }
      evaluate(2, into: start) { ranks[$0] + capacity * count + 2 * $1 }
      return Double(start[0]) + Double(start[1])
    }
  }

  /// Joins the current micro-batch's `values` of a bucket with what is held of them.
  func join(_ values: Numbers, ofBucket bucket: Int) {
    let target = fold.nodes.count - 1
    let start = ownStart + firsts[bucket]
    func held(_ place: Int, _ block: Range<Int>) -> UnsafeMutablePointer<Float> {
      start + place * count + block.lowerBound
    }
    forEachBlock(of: 0..<values.count) { block, room in
      var sum = values.read(block, room)
      for place in stride(from: target + fold.joins - 1, through: target, by: -1) {
        lk_add(block.count, room, 1, held(place, block), 1, sum, 1)
        sum = UnsafePointer(room)
      }
      held(target, block).update(from: sum, count: block.count)
    }
  }

  /// The sums over all micro-batches of a block of a bucket, of `blockSize` numbers at most, from
  /// the shared memory of all ranks.
  func sum(_ bucket: Int, _ block: Range<Int>, _ room: UnsafeMutablePointer<Float>) {
    let start = firsts[bucket] + block.lowerBound
    evaluate(block.count, into: room) { ranks[$0] + $1 * count + start }
  }

  /// Replaces the numbers of all `buckets` by the means over all micro-batches of all ranks, by
  /// messages; of the last one, which says what the others are divided by, by sums. Returns that.
  /// Collective.
  func averageByMessages(into buckets: [Numbers]) -> Double {
    guard !steps.isEmpty else { return 0 }
    var total = 0.0
    var factor: Float = 1
    let part = mostHeld * blockSize
    let mine = UnsafeMutableBufferPointer<Float>.allocate(capacity: part)
    let all = UnsafeMutableBufferPointer<Float>.allocate(capacity: part * world.size)
    defer {
      mine.deallocate()
      all.deallocate()
    }
    mine.initialize(repeating: 0)
    all.initialize(repeating: 0)
    guard let mineStart = mine.baseAddress, let allStart = all.baseAddress else { return total }
    let start = ownStart
    for (index, (values, first)) in zip(buckets, firsts).enumerated().reversed() {
      forEachBlock(of: 0..<values.count) { block, room in
        for place in fold.nodes.indices {
          (mineStart + place * blockSize).update(
            from: start + place * count + first + block.lowerBound, count: block.count)
        }
        world.allGather(UnsafeRawBufferPointer(mine), into: UnsafeMutableRawBufferPointer(all))
        evaluate(block.count, into: room) { allStart + $0 * part + $1 * blockSize }
        if factor != 1 { lk_scale(block.count, room, 1, room, 1, factor, 0) }
        values.write(block, room)
      }
      if index == buckets.count - 1 {
        total = LayoutTail(values).weight
        factor = meanFactor(total)
      }
    }
    return total
  }

  /// Walks the tree for `size` elements of the held sums that `address` finds.
  private func evaluate(
    _ size: Int, into result: UnsafeMutablePointer<Float>,
    _ address: (_ rank: Int, _ place: Int) -> UnsafeMutablePointer<Float>
  ) {
    let levels = Int.bitWidth - tree.leafCount.leadingZeroBitCount + 1
    withUnsafeTemporaryAllocation(of: Float.self, capacity: levels * blockSize) { rooms in
      guard let rooms = rooms.baseAddress else { return }
      var stack: [UnsafeMutablePointer<Float>] = []
      for step in steps {
        switch step {
        case .load(let rank, let place): stack.append(address(rank, place))
        case .add:
          let right = stack.removeLast()
          let left = stack.removeLast()
          let sum = rooms + stack.count * blockSize
          lk_add(size, sum, 1, left, 1, right, 1)
          stack.append(sum)
        }
      }
      if let sum = stack.last { result.update(from: sum, count: size) }
    }
  }
}
