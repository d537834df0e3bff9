import Support
import Testing

/// Numbers in messages and tables.
@Suite struct NumberTests {
  @Test func decimals() {
    #expect(0.0817.text(3) == "0.082")
    #expect(2.5.text(0) == "2")
    #expect((-1e300).text(2).count == 305)
    #expect(Double.nan.text(2) == "nan")
    #expect(0.0817.scientificText(4) == "8.1700e-02")
  }

  @Test func losses() {
    #expect(0.5.lossText == "0.5000")
    #expect(99_999.0.lossText == "99999.0000")
    #expect(1_234_567.8.lossText == "1234568")
    #expect((-2.5e12).lossText == "-2.5e+12")
  }

  @Test func durations() {
    #expect(duration(4.13) == "4.1 s")
    #expect(duration(9.96) == "10 s")
    #expect(duration(600) == "600 s")
  }

  @Test func otherForms() {
    #expect(hexadecimal(UInt32(0x803), digits: 8) == "00000803")
    #expect(hexadecimal(UInt64.max) == "ffffffffffffffff")
    #expect([0, 999, 1000, 1_234_567].map(grouped) == ["0", "999", "1,000", "1,234,567"])
  }
}
