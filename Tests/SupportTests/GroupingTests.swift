import Support
import Testing

/// Who says what.
@Suite struct GroupingTests {
  @Test func groupsComeInTheOrderOfTheirFirstMembers() {
    let groups = ["b", "a", nil, "b", nil, "c"].enumerated().grouped(by: \.element)
    #expect(groups.map(\.key) == ["b", "a", nil, "c"])
    #expect(groups.map { $0.members.map(\.offset) } == [[0, 3], [1], [2, 4], [5]])
  }

  @Test func nothingHasNoGroups() { #expect([Int]().grouped { $0 }.isEmpty) }
}
