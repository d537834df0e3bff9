import Communication
import DataParallel
import TestSupport
import Testing

/// Two groups of the ranks train, each by itself.
@Suite struct PartTrainingTests {
  /// What rank 0 or 1 of a group does in four steps.
  private static func passes(_ group: Int, _ rank: Int) -> [[Pass]] {
    (0..<4).map { step in
      // Shares of different sizes, and other samples in each group.
      let start = 8 * step + 20 * group
      let cut = start + 5
      return [Pass(samples: rank == 0 ? start..<cut : cut..<start + 8, global: 8)]
    }
  }

  @Test(arguments: Place.allCases)
  func eachTrainsAsAJobOfItsOwn(_ place: Place) {
    let together = withRanks(4, place) { world in
      let group = world.rank % 2
      let part = world.split(color: group)
      return train(over: part, Self.passes(group, part.rank))
    }
    for group in 0..<2 {
      let alone = withRanks(2, place) { world in
        train(over: world, Self.passes(group, world.rank))
      }
      #expect(together[group] == alone[0] && together[group + 2] == alone[1])
    }
    #expect(together[0] == together[2] && together[1] == together[3])
    #expect(together[0] != together[1])
  }
}
