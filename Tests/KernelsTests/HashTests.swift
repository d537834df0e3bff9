import CRuntime
import Testing

/// The hash that tells whether ranks hold the same bits.
@Suite struct HashTests {
  /// The same in plain Swift: 32 lanes of words, then the lanes, the words and the bytes that are
  /// left.
  private func reference(_ bytes: [UInt8]) -> UInt64 {
    func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
      let product = (state ^ word) &* 0x9e37_79b9_7f4a_7c15
      return product ^ product >> 32
    }
    func word(_ start: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
    }
    var lanes = (0..<32).map { UInt64($0) }
    var start = 0
    while bytes.count - start >= 256 {
      for lane in 0..<32 { lanes[lane] = mixed(lanes[lane], word(start + 8 * lane)) }
      start += 256
    }
    var state = lanes.reduce(UInt64(bytes.count), mixed)
    while bytes.count - start >= 8 {
      state = mixed(state, word(start))
      start += 8
    }
    return bytes[start...].reduce(state) { mixed($0, UInt64($1)) }
  }

  private func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 8 &* 29) }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 255, 256, 257, 264, 511, 512, 1000, 4099])
  func isThatOfThePlainVersion(_ count: Int) {
    let bytes = pattern(count)
    #expect(lk_hash(count, bytes) == reference(bytes))
  }

  /// Also two flips of sign bits in words that share a lane, which a multiplication alone would
  /// cancel.
  @Test func seesEveryBit() {
    var bytes = pattern(700)
    let original = lk_hash(700, bytes)
    for bit in 0..<(700 * 8) {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(lk_hash(700, bytes) != original, "bit \(bit)")
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    bytes[7] ^= 0x80
    bytes[263] ^= 0x80
    #expect(lk_hash(700, bytes) != original)
  }
}
