import Lockstep
import TestSupport
import Testing

@Suite(.serialized) struct ModuleListTests {
  private func layers(_ count: Int) -> ModuleList<Linear> {
    ModuleList((0..<count).map { Linear(2, 2, generator: Generator(seed: UInt64($0))) })
  }

  @Test func indexingRefersAndNeverCopies() {
    let list = layers(4)
    let last = list[-1]
    last.weight.fill(7)
    #expect(list[3].weight.floats == [7, 7, 7, 7])
    #expect(list[3] === last)
    #expect(list[1...].count == 3)
    #expect(list[1...][0] === list[1], "a slice is a list of its own that shares the modules")
    #expect(list[..<2][-1] === list[1])
    let middle = list[from: -3, to: -1]
    #expect(middle.count == 2)
    #expect(middle[0] === list[1])
    #expect(middle[1] === list[2])
    #expect(list[by: 2].count == 2)
  }

  @Test func assignmentAndGrowth() {
    let list = layers(2)
    let new = Linear(2, 2)
    list[0] = new
    #expect(list[0] === new)
    list.append(Linear(2, 2))
    list.insert(Linear(2, 5), at: 1)
    list.append(contentsOf: [Linear(2, 3), Linear(3, 2)])
    #expect(list.count == 6)
    #expect(list[1].weight.shape == [5, 2])
    #expect(list.namedParameters().map(\.name).first == "0.weight")
    #expect(list.parameters().count == 12)
    #expect(list.enumerated().map(\.offset) == Array(0..<6))
  }

  @Test func aCopyIsDeep() {
    let list = layers(3)
    list.eval()
    let copy = list.copy { layers(3) }
    list[0].weight.fill(0)
    #expect(copy[0].weight.floats != list[0].weight.floats)
    #expect(copy[1].weight.floats == list[1].weight.floats)
    #expect(!copy[2].isTraining)
  }

  @Test func aMisfittingCopyStops() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Linear(2, 3).copy { Linear(2, 4) } }
    expectMessage("copy: weight is float32 [3, 2] here and float32 [4, 2] there", of: result)
  }
}
