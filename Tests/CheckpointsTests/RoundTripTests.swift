import Checkpoints
import Diagnostics
import Glibc
import TensorCore
import Testing

/// What is written is read back bit for bit.
@Suite(.serialized) struct RoundTripTests {
  @Test func everyTypeAndShapeComesBack() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    let special: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      Float(bitPattern: 0xFFC1_2345),
    ]
    let matrix = Tensor((0..<12).map(Float.init), shape: [3, 4])
    let tensors: [(name: String, tensor: Tensor)] = [
      ("float32", Tensor(special)),
      ("int32", Tensor([Int32.min, -1, 0, .max])),
      ("int64", Tensor([Int64.min, -1, 0, .max], shape: [2, 1, 2])),
      ("scalar.float32", Tensor(Float(-0.1))),
      ("scalar.int64", Tensor(Int64.min)),
      ("empty", Tensor([Float](), shape: [0])),
      ("empty.inside", Tensor([Int64](), shape: [2, 0, 3])),
      ("rank8", Tensor([Float(1), 2], shape: [1, 1, 1, 2, 1, 1, 1, 1])),
      ("transposed", matrix.transposed()),
      ("permuted", Tensor((0..<24).map(Float.init), shape: [2, 3, 4]).permuted([2, 0, 1])),
      ("expanded", Tensor([Float(1), 2, 3]).expanded(to: [2, 3])),
      ("view", matrix.alias(shape: [2, 2], strides: [4, 1], offset: 5)),
      ("reversed", matrix.alias(shape: [4], strides: [-1], offset: 3)),
    ]
    try SafeTensors.write(tensors, metadata: ["a": "1", "b": "zwei\n"], to: path)
    let file = try SafeTensors.read(path)
    #expect(Set(file.names) == Set(tensors.map(\.name)))
    #expect(file.metadata == ["a": "1", "b": "zwei\n"])
    for (name, tensor) in tensors {
      let entry = try #require(file.entry(name))
      #expect(entry == (StoredType(tensor.dtype), Array(tensor.shape)), "\(name)")
      let loaded = try file.tensor(name)
      #expect(loaded.dtype == tensor.dtype && loaded.shape == tensor.shape, "\(name)")
      #expect(bits(loaded) == bits(tensor), "\(name)")
      #expect(!loaded.requiresGrad)
    }
    #expect(directory.names == ["a.safetensors"])
  }

  @Test func viewsAreWrittenInRowMajorOrder() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    let matrix = Tensor((0..<6).map(Float.init), shape: [2, 3])
    try SafeTensors.write([("t", matrix.transposed())], to: path)
    let tensor = try SafeTensors.read(path).tensor("t")
    #expect(tensor.shape == [3, 2])
    #expect(tensor.floats == [0, 3, 1, 4, 2, 5])
  }

  @Test func aFileWithoutTensorsComesBack() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    try SafeTensors.write([], metadata: [:], to: path)
    #expect(try readBytes(path) == safeTensorsBytes("{}      ", 0))
    let file = try SafeTensors.read(path)
    #expect(file.names.isEmpty && file.metadata.isEmpty)
  }

  @Test func theBytesAreThoseOfTheFormat() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    let tensors: [(name: String, tensor: Tensor)] = [
      ("b", Tensor([Float(1)])), ("a", Tensor([Float(-2)])), ("i", Tensor(Int32(3))),
      ("z", Tensor(Int64(4))),
    ]
    let json =
      #"{"__metadata__":{"format":"pt"},"#
      + #""z":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
      + #""a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"#
      + #""b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"#
      + #""i":{"dtype":"I32","shape":[],"data_offsets":[16,20]}}"#
    let padding = String(repeating: " ", count: -json.utf8.count & 7)
    let data: [UInt8] = [
      4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0x80, 0x3F, 3, 0, 0, 0,
    ]
    let expected = safeTensorsBytes(Array((json + padding).utf8), data)
    try SafeTensors.write(tensors, to: path)
    #expect(try readBytes(path) == expected)
    try SafeTensors.write(tensors.reversed(), to: path)
    #expect(try readBytes(path) == expected)
  }

  @Test func aFileThatShrankIsRefusedAndNotFatal() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    try SafeTensors.write([("a", .ones([4096]))], metadata: [:], to: path)
    let size = try readBytes(path).count
    let file = try SafeTensors.read(path)
    #expect(truncate(path, 4096) == 0)
    let error = #expect(throws: CheckpointError.self) { try file.tensor("a") }
    #expect(
      error?.description == "cannot read \(path): it had \(size) bytes when it was opened and now "
        + "has 4096; replace such files by renaming, and read it again")
    #expect(error?.exitCode == .inputOutput)
  }

  @Test func aReplacedFileKeepsItsValues() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    try SafeTensors.write([("a", Tensor(Float(1)))], to: path)
    let file = try SafeTensors.read(path)
    try SafeTensors.write([("a", Tensor(Float(2)))], to: path)
    #expect(try file.tensor("a").item() == 1)
    #expect(try SafeTensors.read(path).tensor("a").item() == 2)
  }

  @Test(arguments: [["a", "a"], ["b", "__metadata__"]])
  func namesThatCannotBeWrittenStop(names: [String]) async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [names] in
      try SafeTensors.write(names.map { ($0, Tensor(Float(0))) }, to: "/dev/null/never")
    }
    let output = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(output.contains("SafeTensors.write: the name \(names[1]) is taken"))
  }
}
