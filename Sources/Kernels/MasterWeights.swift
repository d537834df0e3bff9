import CKernels
import Glibc
import Synchronization

// What lies between parameters and gradients in Float16 and the Float32 loops that change a copy of
// the parameters, the masters.

/// Makes `masters` those of `halves`: a master that does not round to its half, because someone
/// else has changed that, takes its value.
package func refreshMasters(
  count: Int, _ masters: UnsafeMutablePointer<Float>, of halves: UnsafePointer<UInt16>
) {
  parallelRanges(count, grain: updateGrain) { range in
    withBlocks(of: UInt16.self, 1) { rounded in
      forEachBlock(range) { start, size in
        let (masters, halves) = (masters + start, halves + start)
        lk_narrow(LK_FLOAT16, 1, size, rounded, size, masters, size)
        guard memcmp(rounded, halves, 2 * size) != 0 else { return }
        for index in 0..<size where rounded[index] != halves[index] {
          masters[index] = Float(Float16(bitPattern: halves[index]))
        }
      }
    }
  }
}

/// `halves = masters`, rounded.
package func roundMasters(
  count: Int, _ masters: UnsafePointer<Float>, into halves: UnsafeMutablePointer<UInt16>
) {
  parallelRanges(count, grain: updateGrain) { range in
    lk_narrow(
      LK_FLOAT16, 1, range.count, halves + range.lowerBound, range.count,
      masters + range.lowerBound,
      range.count)
  }
}

/// `wide = halves * factor`.
package func widenGradients(
  count: Int, _ halves: UnsafePointer<UInt16>, times factor: Float,
  into wide: UnsafeMutablePointer<Float>
) {
  parallelRanges(count, grain: updateGrain) { range in
    forEachBlock(range) { start, size in
      lk_widen(LK_FLOAT16, 1, size, wide + start, size, halves + start, size)
      if factor != 1 { lk_scale(size, wide + start, 1, wide + start, 1, factor, 0) }
    }
  }
}

/// Whether `body` is true of all ranges that together make `0 ..< count`; it is called for all.
private func allRanges(_ count: Int, _ body: (Range<Int>) -> Bool) -> Bool {
  let result = Atomic(true)
  parallelRanges(count, grain: updateGrain) { range in
    if !body(range) { result.store(false, ordering: .relaxed) }
  }
  return result.load(ordering: .relaxed)
}

/// Whether none of `count` halves is infinite or NaN.
package func areFinite(count: Int, _ halves: UnsafePointer<UInt16>) -> Bool {
  allRanges(count) { lk_all_finite_half($0.count, halves + $0.lowerBound) }
}

/// `values *= factor`, in the same pass that tells whether none was infinite or NaN.
package func scaleFinite(
  count: Int, _ values: UnsafeMutablePointer<Float>, by factor: Float
) -> Bool {
  allRanges(count) { lk_scale_all_finite($0.count, values + $0.lowerBound, factor) }
}
