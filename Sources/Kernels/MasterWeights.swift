import CFloats
import CKernels
import Diagnostics
package import Elements
import Glibc
import Parallel
import Synchronization

// What lies between parameters and gradients in a narrow type of floats and the Float32 loops that
// change a copy of the parameters, the masters. `narrow` is memory of `count` floats of type
// `dtype`.

/// Makes `masters` those of `narrow`: a master that does not round to its float, because someone
/// else has changed that, takes its value.
package func refreshMasters(
  count: Int, _ masters: UnsafeMutablePointer<Float>, of narrow: UnsafeMutableRawPointer,
  _ dtype: DType
) {
  parallelRanges(count, grain: updateGrain) { range in
    withBlocks(of: Float.self, 3) { wide in
      let (rounded, wideRounded) = (UnsafeMutableRawPointer(wide + 2 * blockSize), wide + blockSize)
      forEachBlock(range) { start, size in
        let (masters, narrow) = (masters + start, narrow + start * dtype.size)
        lk_narrow(dtype.storage, 1, size, rounded, size, masters, size)
        guard memcmp(rounded, narrow, size * dtype.size) != 0 else { return }
        lk_widen(dtype.storage, 1, size, wide, size, narrow, size)
        lk_widen(dtype.storage, 1, size, wideRounded, size, rounded, size)
        for index in 0..<size where wideRounded[index].bitPattern != wide[index].bitPattern {
          masters[index] = wide[index]
        }
      }
    }
  }
}

/// `narrow = masters`, rounded.
package func roundMasters(
  count: Int, _ masters: UnsafePointer<Float>, into narrow: UnsafeMutableRawPointer, _ dtype: DType
) {
  parallelRanges(count, grain: updateGrain) { range in
    lk_narrow(
      dtype.storage, 1, range.count, narrow + range.lowerBound * dtype.size, range.count,
      masters + range.lowerBound, range.count)
  }
}

/// `wide = narrow * factor`.
package func widenGradients(
  count: Int, _ narrow: UnsafeMutableRawPointer, _ dtype: DType, times factor: Float,
  into wide: UnsafeMutablePointer<Float>
) {
  parallelRanges(count, grain: updateGrain) { range in
    forEachBlock(range) { start, size in
      lk_widen(dtype.storage, 1, size, wide + start, size, narrow + start * dtype.size, size)
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

/// Whether none of `count` floats of type `dtype` is infinite or NaN.
package func areFinite(count: Int, _ values: UnsafeMutableRawPointer, _ dtype: DType) -> Bool {
  guard dtype.isNarrowFloat else {
    check(dtype == .float32, "areFinite got a tensor of \(dtype)")
    return scaleFinite(count: count, values.assumingMemoryBound(to: Float.self), by: 1)
  }
  let (narrow, exponent) = (
    values.assumingMemoryBound(to: UInt16.self), lk_exponent_bits(dtype.storage)
  )
  return allRanges(count) { lk_all_finite_narrow($0.count, narrow + $0.lowerBound, exponent) }
}

/// `values *= factor`, in the same pass that tells whether none was infinite or NaN.
package func scaleFinite(
  count: Int, _ values: UnsafeMutablePointer<Float>, by factor: Float
) -> Bool {
  allRanges(count) { lk_scale_all_finite($0.count, values + $0.lowerBound, factor) }
}
