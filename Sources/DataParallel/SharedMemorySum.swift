import CKernels
import Communication

/// Replaces the `count` values in every rank's part of `window` by their sum over the ranks of the
/// host.
///
/// Each rank sums one slice over all parts, in the order of the ranks, and writes it to all: every
/// element is computed once, so all ranks hold the same bits, and for a given number of ranks
/// always the same ones. Memory moved per rank: one read and one write of the values, whatever the
/// number of ranks.
func sumInSharedMemory(_ window: SharedWindow, count: Int, rank: Int) {
  let parts = window.parts.map { $0.assumingMemoryBound(to: Float.self) }
  let slice = ((count + parts.count - 1) / parts.count + 15) & ~15
  let range = min(count, rank * slice)..<min(count, (rank + 1) * slice)
  let blockSize = 4096  // four blocks fit the first-level cache
  withUnsafeTemporaryAllocation(of: Float.self, capacity: blockSize) { sum in
    guard let sum = sum.baseAddress else { return }
    window.barrier()  // all gradients are there
    for start in stride(from: range.lowerBound, to: range.upperBound, by: blockSize) {
      let size = min(blockSize, range.upperBound - start)
      lk_add(size, sum, 1, parts[0] + start, 1, parts[1] + start, 1)
      for part in parts.dropFirst(2) { lk_add(size, sum, 1, sum, 1, part + start, 1) }
      for part in parts { (part + start).update(from: sum, count: size) }
    }
    window.barrier()  // all sums are there
  }
}
