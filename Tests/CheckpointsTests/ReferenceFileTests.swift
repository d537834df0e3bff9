import Checkpoints
import Diagnostics
import TensorCore
import Testing

/// Files that the reference implementation wrote.
@Suite struct ReferenceFileTests {
  @Test func aModelOfPyTorchIsRead() throws {
    let file = try SafeTensors.read(resource("mlp"))
    #expect(file.names == ["0.bias", "0.weight", "2.bias", "2.weight"])
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.tensor("0.weight").shape == [4, 3])
    #expect(try file.tensor("0.weight").floats == (0..<12).map { Float($0) / 8 })
    #expect(try file.tensor("2.bias").floats == [0, 0.125])
  }

  @Test func everyTypeIsListed() throws {
    let file = try SafeTensors.read(resource("types"))
    let expected: [(String, StoredType)] = [
      ("bool", .bool), ("uint8", .u8), ("int8", .i8), ("float8_e5m2", .f8e5m2),
      ("float8_e4m3fn", .f8e4m3), ("float8_e4m3fnuz", .f8e4m3fnuz),
      ("float8_e5m2fnuz", .f8e5m2fnuz), ("int16", .i16), ("uint16", .u16), ("float16", .f16),
      ("bfloat16", .bf16), ("int32", .i32), ("uint32", .u32), ("float32", .f32),
      ("complex64", .c64), ("float64", .f64), ("int64", .i64), ("uint64", .u64),
    ]
    for (name, type) in expected {
      let entry = try #require(file.entry(name), "\(name)")
      #expect(entry == (type, [3]))
    }
    #expect(file.names.count == expected.count + 4)
    let entry = try #require(file.entry("empty"))
    #expect(entry == (.f32, [2, 0, 3]))
    #expect(file.entry("none") == nil)
  }

  @Test func valuesAreRead() throws {
    let file = try SafeTensors.read(resource("types"))
    for name in ["int32", "float32", "int64", "float16", "bfloat16"] {
      #expect(try file.tensor(name).floats == [1, 0, 1])
    }
    #expect(try file.tensor("scalar.float32").item() == Double(Float(-0.1)))
    #expect(try file.tensor("scalar.int32").item() == Double(Int32.min))
    #expect(try file.tensor("scalar.int64").array(of: Int64.self) == [Int64.min])
    #expect(try file.tensor("scalar.int64").shape == [])
    #expect(try file.tensor("empty").shape == [2, 0, 3])
  }

  @Test func whatCannotBeLoadedSaysSo() throws {
    let path = resource("types")
    let file = try SafeTensors.read(path)
    let unsupported = #expect(throws: CheckpointError.self) { try file.tensor("int16") }
    #expect(
      unsupported?.description
        == #"\#(path): tensor "int16": elements of type I16 cannot be loaded"#)
    #expect(unsupported?.exitCode == .badData)
    let absent = #expect(throws: CheckpointError.self) { try file.tensor("none") }
    #expect(
      absent?.description
        == #"\#(path): tensor "none": there is none of this name among the 22 of the file"#)
  }

  @Test func unusualNamesAndBitsAreRead() throws {
    let file = try SafeTensors.read(resource("names"))
    #expect(
      file.names == [
        "", "bell\u{7} escape\u{1B} delete\u{7F}", "größe",
        "line\nfeed\ttab\rreturn\u{8}\u{C}", "quote \" backslash \\ slash /", "重み", "🧮",
      ])
    #expect(file.metadata == ["key \"1\"": "line\nfeed 🧮"])
    for name in file.names {
      #expect(
        bits(try file.tensor(name)) == [
          0x7FC0_0001, 0xFF80_0001, 0x7F80_0000, 0xFF80_0000, 0x8000_0000, 1, 0x7F7F_FFFF,
        ])
    }
  }

  /// Our writer makes the same bytes from the same tensors.
  @Test(arguments: ["mlp", "names"])
  func writingGivesTheSameBytes(name: String) throws {
    let file = try SafeTensors.read(resource(name))
    let directory = try TemporaryDirectory()
    let copy = directory.path + "/copy.safetensors"
    let tensors = try file.names.reversed().map { ($0, try file.tensor($0)) }
    try SafeTensors.write(tensors, metadata: file.metadata, to: copy)
    #expect(try readBytes(copy) == readBytes(resource(name)))
  }
}
