import Runs
import Testing

struct CheckpointNameTests {
  @Test(arguments: [
    (CheckpointName(step: 0), "step-00000000"), (CheckpointName(step: 120), "step-00000120"),
    (CheckpointName(step: 120, version: 2), "step-00000120.2"),
    (CheckpointName(step: 123_456_789), "step-123456789"),
  ])
  func namesAreDirectories(_ name: CheckpointName, _ text: String) {
    #expect(name.description == text)
    #expect(CheckpointName(text) == name)
  }

  @Test(arguments: [
    "", "step-", "step-1", "step-00000120.1", "step-00000120.", "step-00000120.2.3", "latest",
    "step-00000120.unsound", ".step-00000120.tmp", "step--0000012", "step-0000012x",
    "step-99999999999999999999", "step-+0000120", "step-00000120.02",
  ])
  func othersAreNone(_ text: String) { #expect(CheckpointName(text) == nil) }

  @Test func theyAreOrderedByStepAndThenByVersion() {
    let names = [
      CheckpointName(step: 20), CheckpointName(step: 100), CheckpointName(step: 100, version: 2),
      CheckpointName(step: 100, version: 10), CheckpointName(step: 123_456_789),
    ]
    #expect(names.shuffled().sorted() == names)
  }
}
