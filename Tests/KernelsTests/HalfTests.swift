import CFloats
import Testing
import TestSupport

/// Conversions of halves, by the CPU and by bit arithmetic, against Swift's Float16.
@Suite struct HalfTests {
  private let halves = (0...UInt16.max).map { $0 }

  private func widened(_ halves: [UInt16], stride: Int = 1) -> [UInt32] {
    let count = halves.count / stride
    var floats = [Float](repeating: 0, count: count)
    lk_half_to_float(count, 1, &floats, 1, halves, stride)
    return floats.map(\.bitPattern)
  }

  private func narrowed(_ floats: [Float]) -> [UInt16] {
    var halves = [UInt16](repeating: 0, count: floats.count)
    lk_float_to_half(floats.count, 1, &halves, 1, floats, 1)
    return halves
  }

  private func narrowedPortably(_ floats: [Float]) -> [UInt16] {
    var halves = [UInt16](repeating: 0, count: floats.count)
    lk_float_to_half_portable(floats.count, &halves, floats)
    return halves
  }

  /// All 65,536, bit for bit, with denormals and payloads of NaN.
  @Test func everyHalfIsWidened() {
    let expected = halves.map { Float(Float16(bitPattern: $0)).bitPattern }
    #expect(widened(halves) == expected)
    var floats = [Float](repeating: 0, count: halves.count)
    lk_half_to_float_portable(halves.count, &floats, halves)
    #expect(floats.map(\.bitPattern) == expected)
    #expect(widened(halves, stride: 2) == stride(from: 0, to: 65536, by: 2).map { expected[$0] })
  }

  @Test func everyHalfComesBack() {
    let floats = halves.map { Float(Float16(bitPattern: $0)) }
    // Signalling NaNs have become quiet.
    let expected = floats.map { Float16($0).bitPattern }
    #expect(narrowed(floats) == expected && narrowedPortably(floats) == expected)
    #expect(matched(halves, expected).allSatisfy { $0 == $1 || Float16(bitPattern: $0).isNaN })
  }

  /// Every half, every middle between two, and the floats on both sides of it.
  @Test func tiesAreRoundedToEven() {
    var floats: [Float] = []
    for half in UInt16(0)..<0x7c00 {
      let value = Float(Float16(bitPattern: half))
      let next = half == 0x7bff ? 65536 : Float(Float16(bitPattern: half + 1))
      let middle = (value + next) / 2
      floats += [value.nextDown, value.nextUp, middle.nextDown, middle, middle.nextUp]
    }
    floats += floats.map { -$0 }
    let expected = floats.map { Float16($0).bitPattern }
    #expect(narrowed(floats) == expected)
    #expect(narrowedPortably(floats) == expected)
  }

  /// A sweep over all floats: every 97th bit pattern.
  @Test func floatsAreRounded() {
    for start in stride(from: UInt64(0), to: 1 << 32, by: 97 << 20) {
      let floats = stride(from: start, to: min(start + 97 << 20, 1 << 32), by: 97).map {
        Float(bitPattern: UInt32($0))
      }
      let fast = narrowed(floats)
      #expect(fast == narrowedPortably(floats))
      #expect(fast == floats.map { Float16($0).bitPattern })
    }
  }

  @Test(arguments: [1, 2, 3, -1], [0, 1, 7, 8, 33])
  func stridesAreFollowed(_ stride: Int, _ count: Int) {
    var memory = [UInt16](repeating: 0xffff, count: 120)
    let floats = (0..<count).map { Float($0) * 0.5 }
    let first = stride < 0 ? 110 : 3
    memory.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      lk_float_to_half(count, 1, start + first, stride, floats, 1)
    }
    var expected = [UInt16](repeating: 0xffff, count: 120)
    for index in 0..<count { expected[first + index * stride] = Float16(floats[index]).bitPattern }
    #expect(memory == expected)
  }

  /// Rows of every width, with gaps that are left alone.
  @Test(arguments: [1, 2, 7, 16, 31, 32, 100], [0, 5])
  func rowsAreFollowed(_ columns: Int, _ gap: Int) {
    let (rows, stride) = (5, columns + gap)
    let floats = (0..<(rows * stride)).map { Float($0) * 0.25 - 3 }
    var halves = [UInt16](repeating: 0xffff, count: rows * columns)
    lk_float_to_half(rows, columns, &halves, columns, floats, stride)
    var back = [Float](repeating: .infinity, count: rows * stride)
    lk_half_to_float(rows, columns, &back, stride, halves, columns)
    let expected = floats.indices.map {
      $0 % stride < columns ? Float(Float16(floats[$0])) : .infinity
    }
    #expect(back == expected)
  }
}
