import Diagnostics
package import Elements

/// Where the gradients of many parameters lie in one block, and how that is cut into buckets, each of
/// which travels when its last gradient is there.
///
/// Gradients of one type lie together, those of the widest first, in reverse order of declaration,
/// because a backward pass finishes the last layers first. Every gradient starts on a cache line. A
/// function of counts and types alone, so that all ranks have the same plan.
package struct BucketPlan: Hashable, Sendable {
  /// Neighbouring gradients that travel together.
  package struct Bucket: Hashable, Sendable {
    /// Where they lie, with the gaps between them.
    package var stretch: Stretch
    /// Their places in the order of declaration.
    package var gradients: [Int]
  }

  /// Where each gradient lies, in the order of declaration.
  package let slots: [Stretch]
  /// The buckets in the order of the block; without gaps they cover all of it.
  package let buckets: [Bucket]
  /// The bucket of each gradient, in the order of declaration.
  package let bucketOfGradient: [Int]
  /// The size of the block.
  package let byteCount: Int

  /// A plan for gradients of so many numbers and these types.
  ///
  /// They are put into one bucket after another; a new one is begun rather than that one grows
  /// beyond `bucketBytes`. A gradient is never cut, so one that is larger is a bucket of its own.
  /// Stops the program if `bucketBytes` is not positive.
  package init(_ gradients: [(count: Int, dtype: DType)], bucketBytes: Int) {
    check(
      bucketBytes > 0, "averageGradients: a bucket of \(bucketBytes) bytes; use at least 1")
    var slots = gradients.map { Stretch($0.dtype, start: 0, count: $0.count) }
    var buckets: [Bucket] = []
    var places = Array(repeating: 0, count: gradients.count)
    var end = 0
    let types = Set(gradients.map(\.dtype)).sorted {
      ($1.size, $0.rawValue) < ($0.size, $1.rawValue)
    }
    for dtype in types {
      for index in gradients.indices.reversed() where gradients[index].dtype == dtype {
        slots[index].start = end
        let count = Self.padded(gradients[index].count, dtype)
        if let last = buckets.last, last.stretch.dtype == dtype,
          last.stretch.byteCount + count * dtype.size <= bucketBytes
        {
          buckets[buckets.count - 1].stretch.count += count
          buckets[buckets.count - 1].gradients.append(index)
        } else {
          buckets.append(
            Bucket(stretch: Stretch(dtype, start: end, count: count), gradients: [index]))
        }
        places[index] = buckets.count - 1
        end += count * dtype.size
      }
    }
    self.slots = slots
    self.buckets = buckets
    bucketOfGradient = places
    byteCount = end
  }

  /// `count` numbers, rounded up to whole cache lines.
  package static func padded(_ count: Int, _ dtype: DType) -> Int {
    let line = 64 / dtype.size
    return (count + line - 1) / line * line
  }
}
