import NeuralNet
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct ModuleListTests {
  private let layers = (1...4).map { Linear($0, $0) }

  @Test func positionsCountFromEitherEnd() {
    let list = ModuleList(layers)
    #expect(list.count == 4)
    #expect(list[0] === layers[0] && list[3] === layers[3])
    #expect(list[-1] === layers[3] && list[-4] === layers[0])
    #expect(list.map { $0.weight.shape[0] } == [1, 2, 3, 4])
  }

  @Test func rangesShareModules() {
    let list = ModuleList(layers)
    #expect(list[1...].map { ObjectIdentifier($0) } == layers[1...].map { ObjectIdentifier($0) })
    #expect(list[..<2].count == 2 && list[2..<2].count == 0 && list[1...2].count == 2)
    #expect(list[1...].namedChildren().map(\.name) == ["0", "1", "2"])
  }

  @Test func elementsCanBeAddedAndReplaced() {
    let list = ModuleList<Linear>()
    list.append(layers[0])
    list.append(layers[1])
    list[-1] = layers[2]
    #expect(list.count == 2 && list[1] === layers[2])
    #expect(list.namedParameters().map(\.name) == ["0.weight", "0.bias", "1.weight", "1.bias"])
  }

  @Test func positionsOutsideStop() async {
    let index = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ModuleList([Linear(1, 1)])[1] }
    expectMessage("ModuleList: no position 1 in a list of 1", of: index)
    let range = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ModuleList([Linear(1, 1)])[0..<3] }
    expectMessage("ModuleList: positions 0..<3 of a list of 1", of: range)
  }
}

@Suite(.serialized) struct ModuleDictionaryTests {
  @Test func modulesKeepTheirNamesAndOrder() {
    let heads: ModuleDictionary = ["colour": Linear(2, 3), "camelCase": Linear(2, 1, bias: false)]
    #expect(heads.keys == ["colour", "camelCase"] && heads.count == 2)
    #expect(
      heads.namedTensors().map(\.name) == ["colour.weight", "colour.bias", "camelCase.weight"])
    heads["size"] = Linear(2, 4)
    heads["colour"] = Linear(2, 5)
    #expect(heads.keys == ["colour", "camelCase", "size"])
    #expect(heads["colour"]?.weight.shape == [5, 2] && heads["absent"] == nil)
    heads["camelCase"] = nil
    #expect(heads.map(\.name) == ["colour", "size"] && heads.values.count == 2)
  }

  @Test func namesWithFullStopsStop() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { ModuleDictionary<Linear>()["a.b"] = Linear(1, 1) }
    expectMessage("ModuleDictionary: the name \"a.b\" cannot be part of a path", of: result)
  }
}

@Suite(.serialized) struct SequentialTests {
  @Test func layersAreCountedFromEitherEnd() {
    let layers: [any Layer] = [Linear(1, 2), ReLU(), Linear(2, 3)]
    let model = Sequential(layers)
    #expect(model.count == 3 && model[-1] === layers[2] && model[1] === layers[1])
  }

  @Test func layersOutsideStop() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Sequential(ReLU())[1] }
    expectMessage("Sequential: no layer 1 in a row of 1", of: result)
  }
}
