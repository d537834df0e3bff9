import Runs
import TestSupport
import Testing

/// Which checkpoints stay.
@Suite(.serialized) struct SavingTests {
  private func left(_ saving: Saving, _ steps: [Int], best: Int? = nil) -> [Int] {
    let names = steps.map { CheckpointName(step: $0) }
    let gone = Set(saving.superfluous(names, best: best))
    return names.filter { !gone.contains($0) }.map(\.step)
  }

  @Test func theNewestStay() {
    #expect(left(.every(steps: 10), [10, 20, 30, 40, 50]) == [30, 40, 50])
    #expect(left(.every(steps: 10), [10, 20]) == [10, 20])
    #expect(left(Saving(keepingLast: 1), [10, 20]) == [20])
  }

  @Test func theBestStays() {
    #expect(left(Saving(keepingLast: 1), [10, 20, 30], best: 10) == [10, 30])
  }

  @Test func everyFewStay() {
    #expect(
      left(Saving(keepingLast: 1, keepingEvery: 20), [10, 20, 30, 40, 50]) == [20, 40, 50])
  }

  @Test func ofOneStepTheNewestStays() {
    let names = [
      CheckpointName(step: 10), CheckpointName(step: 10, version: 2), CheckpointName(step: 20),
    ]
    #expect(
      Saving(keepingLast: 1).superfluous(names, best: 10) == [CheckpointName(step: 10)])
  }

  private static let misuses = [
    Misuse("Saving: everySteps is 0.0, but must be positive") { _ = Saving.every(steps: 0) },
    Misuse("Saving: everySeconds is -1.0, but must be positive") { _ = Saving.every(seconds: -1) },
    Misuse("Saving: keepingLast is 0.0, but must be positive") { _ = Saving(keepingLast: 0) },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
