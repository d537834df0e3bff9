import Glibc
import Synchronization

/// A counter-based random number generator: Philox 4x32 with 10 rounds.
///
/// The n-th number of a stream is a function of (seed, stream, n) alone, so it does not depend on threads or on
/// what else draws numbers. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public final class Generator: Sendable {
  let key: UInt64
  let stream: UInt64
  private let cursor: Mutex<UInt64>

  /// The numbers of `seed`; streams of one seed are independent of each other.
  public init(seed: UInt64, stream: UInt64 = 0) {
    key = seed
    self.stream = stream
    cursor = Mutex(0)
  }

  /// What functions without a generator draw from; restart it with `seed(_:)`.
  public static var `default`: Generator { current.withLock { $0 } }

  private static let current = Mutex(Generator(seed: 0))

  /// Starts the default generator anew, as `torch.manual_seed` does.
  public static func seed(_ seed: UInt64) { current.withLock { $0 = Generator(seed: seed) } }

  /// How far the stream has been drawn; set it to draw numbers again.
  var position: UInt64 {
    get { cursor.withLock { $0 } }
    set { cursor.withLock { $0 = newValue } }
  }

  /// Sets the next `blocks` counter values aside, four words each; returns the first.
  func reserve(_ blocks: UInt64) -> UInt64 {
    cursor.withLock { position in
      defer { position += blocks }
      return position
    }
  }

  /// Calls `body` with `count` fresh random words.
  package func fill(_ count: Int, _ body: (_ index: Int, _ bits: UInt32) -> Void) {
    let blocks = UInt64((count + 3) / 4)
    let first = reserve(blocks)
    for block in 0..<blocks {
      let words = Self.philox(counter: first + block, stream: stream, key: key)
      let start = Int(block) * 4
      for lane in 0..<Swift.min(4, count - start) { body(start + lane, words[lane]) }
    }
  }

  /// Calls `body` with `count` standard normal values (Box and Muller).
  package func fillNormal(_ count: Int, _ body: (_ index: Int, _ value: Float) -> Void) {
    var radius: Float = 0
    fill((count + 1) & ~1) { index, bits in
      if index.isMultiple(of: 2) {
        radius = (-2 * logf(1 - unitInterval(bits))).squareRoot()
        return
      }
      let angle = 2 * Float.pi * unitInterval(bits)
      body(index - 1, radius * cosf(angle))
      if index < count { body(index, radius * sinf(angle)) }
    }
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
