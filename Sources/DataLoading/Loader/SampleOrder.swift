import Diagnostics

/// The order in which an epoch visits the samples of a data set.
package enum SampleOrder {
  /// The indices `0..<count`, ascending without a seed, otherwise shuffled.
  ///
  /// The order is a function of the arguments alone: the same on all ranks, machines and versions
  /// of Swift. It is the Fisher-Yates shuffle from the last place to the first, which draws from
  /// `SplitMix64` with the state `mix(mix(seed) ^ epoch)`.
  package static func indices(count: Int, seed: UInt64?, epoch: Int) -> [Int] {
    var indices = Array(0..<count)
    guard let seed else { return indices }
    var generator = SplitMix64(seed: seed, epoch: epoch)
    for last in stride(from: count - 1, to: 0, by: -1) {
      indices.swapAt(last, Int(generator.next(below: UInt64(last) + 1)))
    }
    return indices
  }

  /// The indices `0..<count` in two parts, both ascending: `fraction` of them, rounded to a whole
  /// number, are held out, the first of the order that `seed` shuffles them into.
  package static func split(
    count: Int, holdingOut fraction: Double, seed: UInt64
  ) -> (kept: [Int], heldOut: [Int]) {
    check(
      fraction >= 0 && fraction <= 1,
      "split: the fraction to hold out is \(fraction), but must be between 0 and 1")
    let order = indices(count: count, seed: seed, epoch: 0)
    let heldOut = Int((Double(count) * fraction).rounded())
    return (order[heldOut...].sorted(), order[..<heldOut].sorted())
  }
}
