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
    var generator = SplitMix64(
      state: SplitMix64.mix(SplitMix64.mix(seed) ^ UInt64(bitPattern: Int64(epoch))))
    for last in stride(from: count - 1, to: 0, by: -1) {
      indices.swapAt(last, Int(generator.next(below: UInt64(last) + 1)))
    }
    return indices
  }
}

/// The generator SplitMix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators" (2014), with the constants of Vigna's reference implementation.
package struct SplitMix64 {
  private var state: UInt64

  package init(state: UInt64) { self.state = state }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// A whole number in `0..<bound`, each exactly as likely: Lemire, "Fast random integer generation
  /// in an interval" (2019). The standard library's own method is not promised to stay the same.
  ///
  /// Stops the program if `bound` is zero.
  package mutating func next(below bound: UInt64) -> UInt64 {
    check(bound > 0, "SplitMix64: there is no number below 0")
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let surplus = (0 &- bound) % bound  // 2^64 modulo bound: as many draws are one too many
      while product.low < surplus { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// A bijection of 64-bit words in which every input bit changes about half of the output bits.
  package static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
