import Diagnostics

/// The generator SplitMix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators" (2014), with the constants of Vigna's reference implementation.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The numbers that follow from a state.
  public init(state: UInt64) { self.state = state }

  /// The numbers that belong to an epoch of a data set: the state is `mix(mix(seed) ^ epoch)`.
  public init(seed: UInt64, epoch: Int) {
    state = Self.mix(Self.mix(seed) ^ UInt64(bitPattern: Int64(epoch)))
  }

  /// The numbers that belong to one sample of a data set in an epoch, whichever rank and thread
  /// draws them: the state is `mix(mix(mix(seed) ^ epoch) ^ sample)`.
  public init(seed: UInt64, epoch: Int, sample: Int) {
    let epoch = SplitMix64(seed: seed, epoch: epoch)
    state = Self.mix(epoch.state ^ UInt64(bitPattern: Int64(sample)))
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// A whole number in `0..<bound`, each exactly as likely: Lemire, "Fast random integer generation
  /// in an interval" (2019). The standard library's own method is not promised to stay the same.
  ///
  /// Stops the program if `bound` is zero.
  public mutating func next(below bound: UInt64) -> UInt64 {
    check(bound > 0, "SplitMix64: there is no number below 0")
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let surplus = (0 &- bound) % bound  // 2^64 modulo bound: as many draws are one too many
      while product.low < surplus { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// A number from 0 up to but not 1, in steps of 2^-24, each exactly as likely.
  public mutating func nextUnit() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A bijection of 64-bit words in which every input bit changes about half of the output bits.
  public static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
