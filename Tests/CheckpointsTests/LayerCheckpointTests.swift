import Checkpoints
import Diagnostics
import NeuralNet
import TensorCore
import Testing

/// The model of which `layers.safetensors` is the state dictionary that PyTorch wrote.
private final class Layers: Module {
  let tokenEmbedding = Embedding(5, 4)
  let conv = Conv2d(2, 4, kernel: 3, groups: 2)
  let firstNorm = BatchNorm2d(4)
  let lstm = LSTM(4, 3, layers: 2, bidirectional: true)
  let gruCell = GRUCell(4, 3)
  let crossAttention = MultiHeadAttention(4, heads: 2, keyFeatures: 3, valueFeatures: 3)
  let blocks = [
    TransformerBlock(4, heads: 2, hidden: 8), TransformerBlock(4, heads: 2, hidden: 8),
  ]
  let heads: ModuleDictionary = ["rowCount": Linear(4, 2)]
  let pointScale = Tensor.ones([1]).asParameter()
  let lmHead: Linear

  override init() { lmHead = Linear(weight: tokenEmbedding.weight) }
}

@Suite(.serialized) struct LayerCheckpointTests {
  @Test func everyLayerReadsPyTorchsNames() throws {
    let model = Layers()
    try model.load(from: resource("layers"))
    for (name, tensor) in model.namedTensors() {
      let expected = (0..<tensor.count).map { Float($0) / 8 }
      #expect(
        tensor.floats == (tensor.dtype == .int64 ? expected.map { $0.rounded(.down) } : expected),
        "\(name)")
    }
    let names = try SafeTensors.read(resource("layers")).names
    #expect(Set(model.stateDictionary().map(\.name)) == Set(names))
    #expect(model.parameters().count == model.namedTensors().count - 3 - 1)
  }

  /// But for the tied head, which is stored once.
  @Test func everyLayerWritesPyTorchsNames() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    try Layers().save(to: path)
    let written = try SafeTensors.read(path)
    let reference = try SafeTensors.read(resource("layers"))
    #expect(Set(written.names) == Set(reference.names).subtracting(["lm_head.weight"]))
    for name in written.names {
      let (mine, theirs) = (try #require(written.entry(name)), try #require(reference.entry(name)))
      #expect(mine == theirs, "\(name)")
    }
    try Layers().load(from: path)
  }
}

@Suite(.serialized) struct PartialLoadTests {
  private static func model(_ outputs: Int) -> Sequential {
    Sequential(Linear(3, 4), Linear(4, outputs), LayerNorm(outputs))
  }

  @Test func whatFitsIsLoadedAndTheRestReported() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let source = Self.model(2)
    try SafeTensors.write(
      source.stateDictionary().filter { $0.name != "2.bias" } + [("3.weight", .ones([1]))],
      to: path)
    let target = Self.model(5)
    let before = target.namedTensors().map(\.tensor.floats)
    let differences = try target.load(from: path, strict: false)
    #expect(differences.missing == ["2.bias"] && differences.unexpected == ["3.weight"])
    #expect(
      differences.mismatched == [
        "1.weight (F32 [2, 4] in the file, F32 [5, 4] in the model)",
        "1.bias (F32 [2] in the file, F32 [5] in the model)",
        "2.weight (F32 [2] in the file, F32 [5] in the model)",
      ])
    #expect(!differences.isEmpty)
    let after = target.namedTensors().map(\.tensor.floats)
    #expect(Array(after[..<2]) == source.namedTensors()[..<2].map(\.tensor.floats))
    #expect(Array(after[2...]) == Array(before[2...]))
    #expect(throws: CheckpointError.self) { try target.load(from: path) }
  }

  @Test func aFileThatFitsHasNoDifferences() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    try Self.model(2).save(to: path)
    #expect(try Self.model(2).load(from: path, strict: false).isEmpty)
  }

  @Test func frozenParametersAreSavedAndLoaded() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let (source, target) = (Self.model(2), Self.model(2))
    source.freeze()
    try source.save(to: path)
    target.freeze()
    try target.load(from: path)
    #expect(
      target.namedTensors().map(\.tensor.floats) == source.namedTensors().map(\.tensor.floats))
    #expect(target.parameters().isEmpty)
  }

  @Test func damagedFilesAreRefusedAllTheSame() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.file("file.safetensors", [1, 2, 3])
    let error = #expect(throws: CheckpointError.self) {
      try Self.model(2).load(from: path, strict: false)
    }
    #expect(error?.exitCode == .badData)
  }
}

@Suite(.serialized) struct StateDictionaryTests {
  private static func model(_ seed: UInt64, _ outputs: Int = 2) -> Sequential {
    let generator = Generator(seed: seed)
    return Sequential(Linear(3, 4, generator: generator), Linear(4, outputs, generator: generator))
  }

  @Test func weightsGoFromModelToModel() throws {
    let (source, target) = (Self.model(1), Self.model(2))
    try target.load(source.stateDictionary())
    let weights = target.namedTensors().map(\.tensor.floats)
    #expect(weights == source.namedTensors().map(\.tensor.floats))
    source.namedTensors()[0].tensor.fill(0)
    #expect(target.namedTensors().map(\.tensor.floats) == weights, "nothing is shared")
    #expect(target.parameters().count == 4)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let target = Self.model(2, 5)
    let error = #expect(throws: CheckpointError.self) {
      try target.load(Self.model(1).stateDictionary())
    }
    #expect(
      error?.description
        == "the state dictionary does not fit Sequential: mismatched: 1.weight (F32 [2, 4] in the "
        + "dictionary, F32 [5, 4] in the model), 1.bias (F32 [2] in the dictionary, F32 [5] in the "
        + "model)")
    let differences = try target.load(Self.model(1).stateDictionary(), strict: false)
    #expect(differences.mismatched.count == 2 && differences.missing.isEmpty)
    #expect(target.namedTensors()[0].tensor.floats == Self.model(1).namedTensors()[0].tensor.floats)
  }

  @Test func tiesMustHold() throws {
    let model = Layers()
    try model.load(Layers().stateDictionary())
    var state = Layers().stateDictionary()
    let head = state.count - 1
    #expect(state[head].name == "lm_head.weight" && state[head].tensor.shape == [5, 4])
    state[head].tensor = state[head].tensor.cloned()
    try model.load(state)
    state[head].tensor.fill(7)
    #expect(throws: CheckpointError.self) { try model.load(state) }
    state.remove(at: head)
    try model.load(state)
  }

  @Test func twoTensorsOfOneNameStop() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let state = Self.model(1).stateDictionary()
      try Self.model(1).load(state + state)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("load: a state dictionary with two tensors of one name"))
  }
}
