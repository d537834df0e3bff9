import CKernels
import Communication
package import Elements
import Kernels

/// Numbers of one type that lie after each other in a block of memory.
package struct Stretch: Hashable, Sendable {
  /// What is stored.
  package var dtype: DType
  /// Bytes from the start of the block to the first number.
  package var start: Int
  /// How many numbers.
  package var count: Int

  package init(_ dtype: DType, start: Int, count: Int) {
    self.dtype = dtype
    self.start = start
    self.count = count
  }

  package var byteCount: Int { count * dtype.size }

  /// Bytes from the start of the block to what follows.
  package var end: Int { start + byteCount }
}

/// A stretch at its place in memory, to kernels that see Float32.
package struct Numbers {
  private let view: ElementView
  package let count: Int

  /// `stretch` of the block at `start`.
  package init(_ stretch: Stretch, of start: UnsafeMutableRawPointer) {
    view = ElementView(start + stretch.start, stretch.dtype)
    count = stretch.count
  }

  var dtype: DType { view.dtype }
  var start: UnsafeMutableRawPointer { view.pointer }

  /// The memory of `range`.
  func bytes(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      start: start + range.lowerBound * dtype.size, count: range.count * dtype.size)
  }

  /// The values of `block`: where they lie, or converted in `room`.
  package func read(
    _ block: Range<Int>, _ room: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    if dtype == .float32 {
      return UnsafePointer(start.assumingMemoryBound(to: Float.self) + block.lowerBound)
    }
    view.load(block.lowerBound, block.count, into: room)
    return UnsafePointer(room)
  }

  /// Replaces the values of `block`.
  package func write(_ block: Range<Int>, _ values: UnsafePointer<Float>) {
    if dtype == .float32 {
      (start.assumingMemoryBound(to: Float.self) + block.lowerBound)
        .update(from: values, count: block.count)
    } else {
      view.store(block.lowerBound, block.count, from: values)
    }
  }

  /// Replaces the values by their sums over all ranks of `world`; collective.
  func sum(over world: any Communicator) { world.sum(dtype, in: bytes(0..<count)) }

  /// Replaces the values of `range` by their sums over one rank of each host; see `Communicator`.
  func sumAcrossHosts(_ range: Range<Int>, over world: any Communicator) {
    world.sumAcrossHosts(dtype, in: bytes(range), of: count)
  }

  /// Replaces the values by those of `other`, as many, converted.
  func copy(_ other: Numbers) { convert(count: count, view, other.view) }

  /// Multiplies the values.
  func scale(by factor: Float) { apply(lk_scale, count: count, view, view, p: factor) }

  /// Adds those of `other`, as many, times `factor`.
  func add(_ other: Numbers, times factor: Float) {
    forEachBlock(of: 0..<count) { block, room in
      let own = room + blockSize
      lk_scale(block.count, room, 1, other.read(block, room), 1, factor, 0)
      lk_add(block.count, room, 1, read(block, own), 1, room, 1)
      write(block, room)
    }
  }
}

/// Piece `index` of `range` cut into `count` pieces of whole cache lines.
func slice(_ index: Int, of range: Range<Int>, count: Int) -> Range<Int> {
  let size = BucketPlan.padded((range.count + count - 1) / count, .float32)
  let lower = min(range.upperBound, range.lowerBound + index * size)
  return lower..<min(range.upperBound, lower + size)
}

/// Numbers that are worked on at a time: a few such blocks fit the first-level cache.
let blockSize = 2048

/// Calls `body` with the blocks of `range`, and with room for twice as many values.
func forEachBlock(
  of range: Range<Int>, _ body: (_ block: Range<Int>, _ room: UnsafeMutablePointer<Float>) -> Void
) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * blockSize) { room in
    guard let room = room.baseAddress else { return }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: blockSize) {
      body(start..<min(range.upperBound, start + blockSize), room)
    }
  }
}
