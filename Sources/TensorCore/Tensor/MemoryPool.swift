import CRuntime
import Diagnostics
import Glibc
import Parallel

/// Reuses blocks of tensor memory, so that a training step allocates nothing from the system once
/// it is warm.
///
/// Sizes are rounded up to classes, eight per power of two, so that at most an eighth of a block is
/// unused. A freed block stays in its class until `trim()` or the end of the process.
public enum MemoryPool {
  /// What the pool has done since the process began.
  public struct Statistics: Sendable {
    /// Blocks that were asked from the system; constant once training is warm.
    public var systemAllocations = 0
    /// Bytes held from the system.
    public var systemBytes = 0
    /// Bytes in use by tensors.
    public var usedBytes = 0
    /// The most bytes that were in use at one time.
    public var peakUsedBytes = 0
  }

  struct Block {
    var pointer: UnsafeMutableRawPointer
    var byteCount: Int
  }

  /// Free blocks of each class, linked through their first word, and the counters.
  private struct State {
    var free: InlineArray<512, UnsafeMutableRawPointer?> = InlineArray(repeating: nil)
    var statistics = Statistics()
  }

  private static let state = Locked(State())

  /// Counters, for tests and reports.
  public static var statistics: Statistics { state.withLock { $0.statistics } }

  static func take(_ byteCount: Int) -> Block {
    let (index, size) = sizeClass(byteCount)
    var reused: UnsafeMutableRawPointer?
    state.withLock { state in
      state.statistics.usedBytes += size
      state.statistics.peakUsedBytes = max(
        state.statistics.peakUsedBytes, state.statistics.usedBytes)
      if let block = state.free[index] {
        state.free[index] = block.load(as: UnsafeMutableRawPointer?.self)
        reused = block
      } else {
        state.statistics.systemAllocations += 1
        state.statistics.systemBytes += size
      }
    }
    return Block(pointer: reused ?? allocate(size), byteCount: size)
  }

  static func give(_ block: Block) {
    let (index, _) = sizeClass(block.byteCount)
    state.withLock { state in
      state.statistics.usedBytes -= block.byteCount
      block.pointer.storeBytes(
        of: state.free[index], as: UnsafeMutableRawPointer?.self)
      state.free[index] = block.pointer
    }
  }

  /// Gives the blocks that no tensor uses back to the system, as PyTorch's `empty_cache` does: for
  /// when sizes that were used will not come again. Returns how many bytes these were.
  @discardableResult
  public static func trim() -> Int {
    // The lock is for a few instructions: the system gets the blocks after it.
    let lists = state.withLock { state in
      let lists = state.free
      state.free = InlineArray(repeating: nil)
      return lists
    }
    var freed = 0
    for index in lists.indices {
      var next = lists[index]
      while let block = next {
        next = block.load(as: UnsafeMutableRawPointer?.self)
        free(block)
        freed += size(ofClass: index)
      }
    }
    state.withLock { $0.statistics.systemBytes -= freed }
    lk_trim_heap()
    return freed
  }

  /// The bytes of the blocks of class `index`.
  package static func size(ofClass index: Int) -> Int {
    let exponent = max(0, (index - 9) / 8)
    return ((index - 8 * exponent) << exponent) * 64
  }

  /// The class that `byteCount` falls in, and the bytes of its blocks: multiples of 64 up to 512,
  /// then (8 + s) / 8 times a power of two for s in 0 ..< 8.
  package static func sizeClass(_ byteCount: Int) -> (index: Int, size: Int) {
    let units = max(1, (byteCount + 63) / 64)
    if units <= 8 { return (units, units * 64) }
    let exponent = Int.bitWidth - 1 - units.leadingZeroBitCount - 3
    let steps = (units + (1 << exponent) - 1) >> exponent
    return (8 * exponent + steps, (steps << exponent) * 64)
  }

  private static func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    let hugePage = 2 << 20
    let alignment = size >= 2 * hugePage ? hugePage : 64
    var pointer: UnsafeMutableRawPointer?
    let status = posix_memalign(&pointer, alignment, size)
    guard status == 0, let pointer else {
      // Those asked for are counted already.
      let used = statistics.usedBytes - size
      stop(
        "out of memory: no \(size) bytes for a tensor; \(used) are in use; use smaller batches or a "
          + "smaller model", status: .system)
    }
    if alignment == hugePage { madvise(pointer, size, 14 /* MADV_HUGEPAGE */) }
    return pointer
  }
}
