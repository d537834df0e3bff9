import CFloats
import Elements
import Testing

/// Conversions of BFloat16, the upper half of Float32.
@Suite struct BFloat16Tests {
  private func widened(_ values: [UInt16], stride: Int = 1) -> [UInt32] {
    let count = values.count / stride
    var floats = [Float](repeating: 0, count: count)
    lk_widen(LK_BFLOAT16, count, 1, &floats, 1, values, stride)
    return floats.map(\.bitPattern)
  }

  private func narrowed(_ floats: [Float]) -> [UInt16] {
    var values = [UInt16](repeating: 0, count: floats.count)
    lk_narrow(LK_BFLOAT16, floats.count, 1, &values, 1, floats, 1)
    return values
  }

  @Test func everyValueIsWidened() {
    let all = (0...UInt16.max).map { $0 }
    #expect(widened(all) == all.map { UInt32($0) << 16 })
    #expect(widened(all, stride: 2) == stride(from: 0, to: 65536, by: 2).map { UInt32($0) << 16 })
  }

  /// NaN becomes quiet.
  @Test func everyValueComesBack() {
    let all = (0...UInt16.max).map { $0 }
    let expected = all.map { $0 & 0x7fff > 0x7f80 ? $0 | 0x40 : $0 }
    #expect(narrowed(all.map { Float(bitPattern: UInt32($0) << 16) }) == expected)
  }

  /// Every value, every middle between two, and the floats on both sides of it: in steps of the last
  /// place of Float32, the middle is 0x8000 of them.
  @Test func tiesAreRoundedToEven() {
    for sign in [0, UInt16(0x8000)] {
      for value in UInt16(0)..<0x7f80 {
        let bits = UInt32(value | sign) << 16
        let floats = [1, 0x7fff, 0x8000, 0x8001, 0xffff].map { Float(bitPattern: bits + $0) }
        let (own, next) = (value | sign, (value | sign) + 1)
        let expected = [own, own, value & 1 == 0 ? own : next, next, next]
        #expect(narrowed(floats) == expected)
        #expect(floats.map { BFloat16($0).bitPattern } == expected)
      }
    }
  }

  /// The bits that PyTorch 2.15 has for `torch.tensor([…]).bfloat16()`.
  @Test func roundsAsPyTorch() {
    let floats: [Float] = [
      0.1, 1 / 3, 1.00390625, 1.01171875, -2.7182817, 3.3895314e38, 3.3961775e38, 0x1p-133, -0.0,
      .infinity,
    ]
    let expected: [UInt16] = [
      0x3dcd, 0x3eab, 0x3f80, 0x3f82, 0xc02e, 0x7f7f, 0x7f80, 0x0001, 0x8000, 0x7f80,
    ]
    #expect(narrowed(floats) == expected)
    #expect(floats.map { BFloat16($0).bitPattern } == expected)
    #expect(narrowed([.nan]).map { $0 & 0x7fff > 0x7f80 } == [true])
  }

  /// Rows with gaps, as wide as a panel of a product and not.
  @Test(arguments: [1, 5, 16, 33])
  func rowsMayHaveGaps(_ columns: Int) {
    let (rows, gap) = (7, columns + 3)
    let floats = (0..<rows * gap).map { Float($0) * 0.25 }
    var values = [UInt16](repeating: 9, count: rows * columns)
    lk_narrow(LK_BFLOAT16, rows, columns, &values, columns, floats, gap)
    for row in 0..<rows {
      for column in 0..<columns {
        let expected = BFloat16(floats[row * gap + column]).bitPattern
        #expect(values[row * columns + column] == expected)
      }
    }
  }
}
