import Diagnostics
import Glibc
import Synchronization

/// A counter-based random number generator: Philox 4x32 with 10 rounds.
///
/// The n-th number of a stream is a function of (seed, stream, n) alone, so it depends neither on
/// threads nor on how many numbers each draw takes. Salmon et al., "Parallel random numbers: as
/// easy as 1, 2, 3", SC 2011.
public final class Generator: Sendable {
  /// What the generator was made with.
  public var seed: UInt64 { key }
  let key: UInt64
  /// Which of the independent streams of the seed it draws from.
  public let stream: UInt64
  private let cursor = Atomic<UInt64>(0)

  /// A generator at the first number of `seed`; streams of one seed are independent of each other.
  public init(seed: UInt64, stream: UInt64 = 0) {
    key = seed
    self.stream = stream
  }

  /// A generator for one part of the work, which is named by `numbers`: the same whichever rank or
  /// thread asks for it and whatever has been drawn, and independent of those of other parts.
  package func forPart(_ numbers: [Int]) -> Generator {
    numbers.reduce(self) { parent, number in
      // Of the complement of the stream, which nobody draws from.
      let words = Self.philox(
        counter: UInt64(bitPattern: Int64(number)), stream: ~parent.stream, key: parent.key)
      return Generator(
        seed: UInt64(words[0]) << 32 | UInt64(words[1]),
        stream: UInt64(words[2]) << 32 | UInt64(words[3]))
    }
  }

  /// How far the stream has been drawn, in words of 32 bits; set it to draw numbers again.
  public var position: UInt64 {
    get { cursor.load(ordering: .relaxed) }
    set { cursor.store(newValue, ordering: .relaxed) }
  }

  /// Sets `blocks` whole counter values aside, four words each; returns the first.
  func reserve(_ blocks: UInt64) -> UInt64 {
    var position = cursor.load(ordering: .relaxed)
    while true {
      let first = (position + 3) / 4
      let (isDone, current) = cursor.compareExchange(
        expected: position, desired: (first + blocks) * 4, ordering: .relaxed)
      if isDone { return first }
      position = current
    }
  }

  /// Calls `body` with the next `count` words of the stream.
  package func fill(_ count: Int, _ body: (_ index: Int, _ bits: UInt32) -> Void) {
    let first = cursor.wrappingAdd(UInt64(count), ordering: .relaxed).oldValue
    var (block, lane, index) = (first / 4, Int(first % 4), 0)
    while index < count {
      let words = Self.philox(counter: block, stream: stream, key: key)
      for lane in lane..<Swift.min(4, lane + count - index) {
        body(index, words[lane])
        index += 1
      }
      lane = 0
      block += 1
    }
  }

  /// Calls `body` with `count` standard normal values, each from one word of the stream.
  package func fillNormal(_ count: Int, _ body: (_ index: Int, _ value: Float) -> Void) {
    fill(count) { body($0, normalQuantile((Double($1) + 0.5) * 0x1p-32)) }
  }

  /// The four words of one counter value.
  package static func philox(counter: UInt64, stream: UInt64, key: UInt64) -> SIMD4<UInt32> {
    var words = SIMD4(
      UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
    var low = UInt32(truncatingIfNeeded: key)
    var high = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      let a = UInt64(words[0]) * 0xD251_1F53
      let b = UInt64(words[2]) * 0xCD9E_8D57
      words = SIMD4(
        UInt32(truncatingIfNeeded: b >> 32) ^ words[1] ^ low, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ words[3] ^ high, UInt32(truncatingIfNeeded: a))
      low &+= 0x9E37_79B9
      high &+= 0xBB67_AE85
    }
    return words
  }
}

/// A number in [0, 1) from the upper 24 of 32 random bits.
func unitInterval(_ bits: UInt32) -> Float { Float(bits >> 8) * 0x1p-24 }

/// The number below which a share `p`, 0 < p < 1, of the standard normal distribution lies;
/// relative error below 2e-7.
///
/// Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
/// Statistics 37 (1988), PPND7.
package func normalQuantile(_ p: Double) -> Float {
  let q = p - 0.5
  if abs(q) <= 0.425 {
    let r = 0.180625 - q * q
    let upper = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
    let lower = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1
    return Float(q * upper / lower)
  }
  let r = (-log(min(p, 1 - p))).squareRoot()
  let value: Double
  if r <= 5 {
    let s = r - 1.6
    let upper = ((0.17023821103 * s + 1.3067284816) * s + 2.7568153900) * s + 1.4234372777
    value = upper / ((0.12021132975 * s + 0.73700164250) * s + 1)
  } else {
    let s = r - 5
    let upper = ((0.017337203997 * s + 0.42868294337) * s + 3.0812263860) * s + 6.6579051150
    value = upper / ((0.012258202635 * s + 0.24197894225) * s + 1)
  }
  return Float(q < 0 ? -value : value)
}
