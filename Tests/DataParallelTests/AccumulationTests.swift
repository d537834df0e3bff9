import Communication
import Elements
import Testing
import TestSupport

@Suite struct AccumulationTests {
  private static let stepCount = 5

  /// What one rank gets with the whole batch of 32 in one pass.
  private static let serial = train(
    over: SoloCommunicator(), Array(repeating: [Pass(samples: 0..<32)], count: stepCount))

  struct Split: Sendable, CustomStringConvertible {
    let description: String
    /// For each rank its passes; for each pass its samples and those of all ranks.
    let passes: [[Pass]]
    var accumulating = 1

    /// Global batches that ranks cut at `cuts`, one list for each pass.
    init(_ description: String, accumulating: Int, cuts: [[Int]]) {
      self.description = description
      self.accumulating = accumulating
      passes = (0..<(cuts[0].count - 1)).map { rank in
        cuts.map { cut in
          Pass(samples: cut[rank]..<cut[rank + 1], global: cut[cut.count - 1] - cut[0])
        }
      }
    }
  }

  static let splits = [
    Split("1 x 32", accumulating: 1, cuts: [[0, 32]]),
    Split(
      "4 x 8", accumulating: 4, cuts: [[0, 8], [8, 16], [16, 24], [24, 32]]),
    Split("2 x 2 x 8", accumulating: 2, cuts: [[0, 8, 16], [16, 24, 32]]),
    Split("ragged tail", accumulating: 3, cuts: [[0, 7, 14], [14, 20, 28], [28, 30, 32]]),
    Split("3 ragged ranks", accumulating: 2, cuts: [[0, 9, 11, 20], [20, 21, 31, 32]]),
    Split("an empty rank", accumulating: 2, cuts: [[0, 16, 16, 17], [17, 17, 30, 32]]),
    Split("one sample", accumulating: 2, cuts: [[0, 8, 16, 24, 31], [31, 32, 32, 32, 32]]),
    Split("told 1 pass, does 1", accumulating: 1, cuts: [[0, 5, 32]]),
    Split("told 3 passes, does 2", accumulating: 3, cuts: [[0, 8, 16], [16, 24, 32]]),
    Split(
      "told 2 passes, does 3", accumulating: 2, cuts: [[0, 7, 14], [14, 20, 28], [28, 30, 32]]),
    Split(
      "told 2 passes, does 4", accumulating: 2,
      cuts: [[0, 2, 4], [4, 10, 20], [20, 24, 28], [28, 30, 32]]),
  ]

  @Test(arguments: splits, Place.allCases)
  func everySplitGivesTheMeanOverAllSamples(_ split: Split, _ place: Place) {
    let ranks = withRanks(split.passes.count, place) { world in
      train(
        over: world, accumulating: split.accumulating,
        Array(repeating: split.passes[world.rank], count: Self.stepCount))
    }
    for weights in ranks {
      #expect(weights == ranks[0], "all ranks hold the same bits")
    }
    for (found, expected) in matched(ranks[0], Self.serial) {
      #expect(matched(found, expected).allSatisfy { abs($0 - $1) <= 2e-6 * (1 + abs($1)) })
    }
  }

  @Test(arguments: splits.filter { $0.accumulating > 1 })
  func gradientsMayBeLookedAtBetweenPasses(_ split: Split) {
    let ranks = withThreadRanks(split.passes.count) { world in
      train(
        over: world, accumulating: split.accumulating, measuringNorms: true,
        Array(repeating: split.passes[world.rank], count: Self.stepCount))
    }
    for weights in ranks { #expect(weights == ranks[0]) }
    for (found, expected) in matched(ranks[0], Self.serial) {
      #expect(matched(found, expected).allSatisfy { abs($0 - $1) <= 2e-6 * (1 + abs($1)) })
    }
  }

  /// Gradients are rounded to Float16 before and after the sum: each time by 2⁻¹¹ of their size.
  @Test(arguments: splits.filter { $0.passes.count > 1 }, Place.allCases)
  func aNarrowWireRoundsTwice(_ split: Split, _ place: Place) {
    let ranks = withRanks(split.passes.count, place) { world in
      train(
        over: world, accumulating: split.accumulating, wireType: .float16,
        Array(repeating: split.passes[world.rank], count: Self.stepCount))
    }
    for weights in ranks { #expect(weights == ranks[0], "all ranks hold the same bits") }
    #expect(ranks[0] != Self.serial, "nothing was rounded")
    for (found, expected) in matched(ranks[0], Self.serial) {
      #expect(matched(found, expected).allSatisfy { abs($0 - $1) <= 2e-3 })
    }
  }

  @Test func equalPartsNeedNoLoader() {
    let ranks = withThreadRanks(2) { world in
      let passes = (0..<2).map { pass in
        Pass(samples: (16 * pass + 8 * world.rank)..<(16 * pass + 8 * world.rank + 8))
      }
      return train(
        over: world, accumulating: 2, Array(repeating: passes, count: Self.stepCount))
    }
    #expect(ranks[0] == ranks[1])
    for (found, expected) in matched(ranks[0], Self.serial) {
      #expect(matched(found, expected).allSatisfy { abs($0 - $1) <= 2e-6 * (1 + abs($1)) })
    }
  }
}
