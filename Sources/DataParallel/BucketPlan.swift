import Diagnostics

/// How the gradients of an arena are cut into buckets, each of which travels when its last gradient
/// is there.
///
/// A function of the sizes alone, so that all ranks have the same plan.
package struct BucketPlan: Hashable, Sendable {
  /// Neighbouring gradients that travel together.
  package struct Bucket: Hashable, Sendable {
    /// Its elements in the arena.
    package var elements: Range<Int>
    /// Its gradients, as places in the order of the arena.
    package var gradients: Range<Int>
  }

  /// The buckets, in the order of the arena; without gaps they cover all of it.
  package let buckets: [Bucket]

  /// Gradients of `sizes` elements, in the order of the arena, are put into one bucket after
  /// another; a new one is begun rather than that one grows beyond `bucketSize` elements.
  ///
  /// A gradient is never cut, so one that is larger than `bucketSize` is a bucket of its own. Stops
  /// the program if `bucketSize` is not positive.
  package init(sizes: [Int], bucketSize: Int) {
    check(
      bucketSize > 0, "averageGradients: a bucket of \(bucketSize) elements; use at least 1")
    var buckets: [Bucket] = []
    var end = 0
    for (index, size) in sizes.enumerated() {
      if let last = buckets.last, last.elements.count + size <= bucketSize {
        buckets[buckets.count - 1] = Bucket(
          elements: last.elements.lowerBound..<end + size,
          gradients: last.gradients.lowerBound..<index + 1)
      } else {
        buckets.append(Bucket(elements: end..<end + size, gradients: index..<index + 1))
      }
      end += size
    }
    self.buckets = buckets
  }

  /// The bucket that each gradient is in, in the order of the arena.
  package var bucketOfGradient: [Int] {
    buckets.enumerated().flatMap { index, bucket in bucket.gradients.map { _ in index } }
  }
}
