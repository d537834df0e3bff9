import Checkpoints
import Diagnostics
import NeuralNet
import TensorCore
import Testing

/// A model whose head is tied to its embedding, with a buffer.
private final class TiedModel: Module {
  let embedding: Tensor
  let scale = Tensor([Int64(7)])
  let head: Tensor

  init(_ value: Float, tied: Bool = true) {
    embedding = .full([2, 3], value)
    embedding.requiresGrad = true
    head = tied ? embedding : .full([2, 3], value)
    head.requiresGrad = true
  }
}

@Suite struct ModuleCheckpointTests {
  private static func mlp(_ seed: UInt64 = 0) -> Sequential {
    let generator = Generator(seed: seed)
    return Sequential(
      Linear(3, 4, generator: generator), ReLU(), Linear(4, 2, generator: generator))
  }

  private static func values(_ model: Module) -> [[Float]] {
    model.namedTensors().map(\.tensor.floats)
  }

  /// `list(torch.nn.Sequential(Linear(3, 4), ReLU(), Linear(4, 2)).state_dict())`
  @Test func keysAreThoseOfPyTorch() {
    let state = Self.mlp().stateDictionary()
    #expect(state.map(\.name) == ["0.weight", "0.bias", "2.weight", "2.bias"])
    #expect(state.map(\.tensor.shape) == [[4, 3], [4], [2, 4], [2]])
    #expect(state.allSatisfy { !$0.tensor.requiresGrad })
  }

  @Test func aStateDictionarySharesTheWeights() {
    let model = Self.mlp()
    model.stateDictionary()[1].tensor.fill(3)
    #expect(model.namedTensors()[1].tensor.floats == [3, 3, 3, 3])
  }

  @Test func savedWeightsComeBack() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let (first, second) = (Self.mlp(1), Self.mlp(2))
    #expect(Self.values(first) != Self.values(second))
    try first.save(to: path)
    try second.load(from: path)
    #expect(Self.values(first) == Self.values(second))
    #expect(second.parameters().count == 4)
    let again = directory.path + "/again.safetensors"
    try second.save(to: again)
    #expect(try readBytes(again) == readBytes(path))
  }

  /// A Float16 model is saved as PyTorch saves one, to the byte, and loads what that saved.
  @Test func halvesAreThoseOfPyTorch() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let model = Self.mlp()
    for (_, tensor) in model.namedTensors() {
      tensor.assign(
        Tensor((0..<tensor.count).map { Float($0) / 3 }, shape: tensor.shape))
    }
    model.convert(to: .float16)
    try model.save(to: path)
    #expect(try readBytes(path) == readBytes(resource("half")))
    let other = Self.mlp(5)
    other.convert(to: .float16)
    try other.load(from: resource("half"))
    #expect(Self.values(other) == Self.values(model))
    let misfit = #expect(throws: CheckpointError.self) { try Self.mlp().load(from: path) }
    #expect(misfit?.description.contains("F16 [4, 3] in the file, F32 [4, 3] in the model") == true)
  }

  @Test func weightsOfPyTorchAreLoaded() throws {
    let model = Self.mlp()
    try model.load(from: resource("mlp"))
    for (_, tensor) in model.namedTensors() {
      #expect(tensor.floats == (0..<tensor.count).map { Float($0) / 8 })
    }
  }

  @Test(arguments: ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
  func prefixesOfWrappersAreStripped(prefix: String) throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let (first, second) = (Self.mlp(1), Self.mlp(2))
    try SafeTensors.write(first.stateDictionary().map { (prefix + $0.name, $0.tensor) }, to: path)
    try second.load(from: path)
    #expect(Self.values(first) == Self.values(second))
  }

  @Test func aPropertyMayBearTheNameOfAPrefix() throws {
    final class Wrapper: Module {
      let module: Module
      init(_ module: Module) { self.module = module }
    }
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let (first, second) = (Wrapper(Self.mlp(1)), Wrapper(Self.mlp(2)))
    try first.save(to: path)
    #expect(try SafeTensors.read(path).names.contains("module.0.weight"))
    try second.load(from: path)
    #expect(Self.values(first) == Self.values(second))
  }

  @Test func tiedWeightsAreStoredOnce() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    try TiedModel(1).save(to: path)
    #expect(try SafeTensors.read(path).names == ["scale", "embedding"])
    let model = TiedModel(2)
    try model.load(from: path)
    #expect(model.head === model.embedding)
    #expect(model.head.floats == [1, 1, 1, 1, 1, 1])
  }

  @Test(arguments: [["head"], ["embedding", "head"]])
  func tiedWeightsAreFoundUnderAnyPath(paths: [String]) throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    try SafeTensors.write(
      paths.map { ($0, .ones([2, 3])) } + [("scale", Tensor([Int64(8)]))], to: path)
    let model = TiedModel(2)
    try model.load(from: path)
    #expect(model.head.floats == [1, 1, 1, 1, 1, 1])
    #expect(model.scale.array(of: Int64.self) == [8])
  }

  @Test func tiedWeightsThatDifferAreRefused() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let untied = TiedModel(1, tied: false)
    untied.head.fill(5)
    try untied.save(to: path)
    let model = TiedModel(2)
    let error = #expect(throws: CheckpointError.self) { try model.load(from: path) }
    #expect(
      error?.description == "\(path) does not fit TiedModel: mismatched: head (tied to "
        + "embedding in the model, with other values in the file)")
    #expect(model.head.floats == [2, 2, 2, 2, 2, 2])
  }

  @Test func everyDifferenceIsListedAndNothingChanged() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    let wanted: [(name: String, tensor: Tensor)] = [
      ("0.weight", .ones([4, 3])), ("0.bias", Tensor([Int32(1), 2, 3, 4])),
      ("2.weight", .ones([2, 5])), ("3.weight", .ones([1])), ("3.bias\n", .ones([1])),
      ("module.0.weight", .ones([4, 3])),
    ]
    try SafeTensors.write(wanted, to: path)
    let model = Self.mlp()
    let before = Self.values(model)
    let error = #expect(throws: CheckpointError.self) { try model.load(from: path) }
    #expect(
      error
        == .misfit(
          path: path, model: "Sequential", missing: ["2.bias"],
          unexpected: ["3.bias\n", "3.weight", "module.0.weight"],
          mismatched: [
            "0.bias (I32 [4] in the file, F32 [4] in the model)",
            "2.weight (F32 [2, 5] in the file, F32 [2, 4] in the model)",
          ]))
    #expect(
      error?.description
        == #"\#(path) does not fit Sequential: missing: 2.bias; unexpected: 3.bias\n, 3.weight, "#
        + "module.0.weight; mismatched: 0.bias (I32 [4] in the file, F32 [4] in the model), "
        + "2.weight (F32 [2, 5] in the file, F32 [2, 4] in the model)")
    #expect(error?.exitCode == .badData)
    #expect(Self.values(model) == before)
  }

  @Test(arguments: ["missing: 0.bias", "unexpected: extra", "mismatched: 0.bias (F32 [1] in the"])
  func oneDifferenceIsEnough(difference: String) throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    var tensors = Self.mlp(1).stateDictionary()
    if difference.hasPrefix("missing") {
      tensors.remove(at: 1)
    } else if difference.hasPrefix("unexpected") {
      tensors.append(("extra", .ones([1])))
    } else {
      tensors[1].tensor = .ones([1])
    }
    try SafeTensors.write(tensors, to: path)
    let model = Self.mlp()
    let before = Self.values(model)
    let error = #expect(throws: CheckpointError.self) { try model.load(from: path) }
    let sentence = "\(path) does not fit Sequential: \(difference)"
    #expect(error?.description.hasPrefix(sentence) == true)
    #expect(Self.values(model) == before)
  }

  @Test func longListsAreCut() throws {
    let error = CheckpointError.misfit(
      path: "a", model: "M", missing: (0..<12).map(String.init), unexpected: [], mismatched: [])
    #expect(
      error.description == "a does not fit M: missing: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more")
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: CheckpointError.self) {
      try Self.mlp().load(from: "/no/such/model.safetensors")
    }
    #expect(
      error?.description == "cannot open /no/such/model.safetensors: No such file or directory")
    #expect(error?.exitCode == .missingInput)
  }
}
