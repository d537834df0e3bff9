import Support
import Testing

/// Tables as they are printed.
@Suite struct TextTableTests {
  @Test func columnsAreAsWideAsTheyNeed() {
    let table = TextTable([.left("name"), .right("count"), .left("note")])
    #expect(
      table.lines([["a", "1", ""], ["longer", "1,000,000", "x"]]) == [
        "name        count  note",
        "a               1",
        "longer  1,000,000  x",
      ])
  }

  @Test func rowsThatComeOneByOneStandBelowTheirTitles() {
    let table = TextTable([.right("ms", width: 6), .left("of")])
    #expect(table.header == "    ms  of")
    #expect(table.line(["1.5", "all"]) == "   1.5  all")
    #expect(table.line(["1.5"]) == "   1.5")
  }

  @Test func whatIsTooWideIsNotCut() {
    let table = TextTable([.right("ms"), .left("of")])
    #expect(table.line(["12345678", "all"]) == "12345678  all")
    #expect(table.fitting([["12345678", ""]]).line(["1", "all"]) == "       1  all")
  }

  @Test func aTableWithoutRowsHasTitles() {
    #expect(TextTable([.left("a"), .right("b")]).lines([]) == ["a  b"])
  }
}
