import Checkpoints
import Diagnostics
import Glibc
import TensorCore
import Testing

/// A file that must be refused, and what must be said about it.
struct MalformedFile: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let bytes: [UInt8]
  let tensor: String?
  let problem: String

  init(_ name: String, _ bytes: [UInt8], tensor: String? = nil, _ problem: String) {
    testDescription = name
    self.bytes = bytes
    self.tensor = tensor
    self.problem = problem
  }

  /// A file with the header `json` and `data` bytes after it.
  init(_ name: String, _ json: String, data: Int = 0, tensor: String? = nil, _ problem: String) {
    self.init(name, safeTensorsBytes(json, data), tensor: tensor, problem)
  }
}

/// An entry of a header.
private func entry(
  _ name: String, _ start: Int, _ end: Int, dtype: String = "F32", shape: String = "[2]"
) -> String {
  #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[\#(start),\#(end)]}"#
}

/// A header of one entry `t`, with `fields` instead of its usual ones.
private func fields(_ fields: String) -> String { #"{"t":{\#(fields)}}"# }

private let offsets = #""data_offsets":[0,8]"#

private let malformedFiles: [MalformedFile] = [
  // Lengths
  .init("empty", [], "it has 0 bytes, but starts with 8 that hold a length"),
  .init("cut in its length", [2, 0, 0, 0], "it has 4 bytes, but starts with 8 that hold a length"),
  .init(
    "header of 10^18 bytes",
    withUnsafeBytes(of: UInt64(1_000_000_000_000_000_000).littleEndian, Array.init) + [0x7B, 0x7D],
    "its header is said to have 1000000000000000000 bytes; at most 100000000 are allowed"),
  .init(
    "header of 2^64 - 1 bytes", [UInt8](repeating: 0xFF, count: 8) + [0x7B, 0x7D],
    "its header is said to have 18446744073709551615 bytes; at most 100000000 are allowed"),
  .init(
    "header longer than the file", [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D],
    "its header is said to have 3 bytes, but 2 follow"),
  .init(
    "missing data", "{\(entry("t", 0, 8))}", data: 7,
    "its tensors need 8 bytes after the header, but 7 follow"),
  .init(
    "trailing bytes", "{\(entry("t", 0, 8))}", data: 9,
    "its tensors need 8 bytes after the header, but 9 follow"),
  .init(
    "data without tensors", "{}", data: 1,
    "its tensors need 0 bytes after the header, but 1 follow"),

  // Offsets
  .init(
    "hole", "{\(entry("a", 0, 8)),\(entry("b", 12, 20))}", data: 20, tensor: "b",
    "its data start at byte 12, but the data before end at 8"),
  .init(
    "hole at the start", "{\(entry("a", 4, 12))}", data: 12, tensor: "a",
    "its data start at byte 4, but the data before end at 0"),
  .init(
    "overlap", "{\(entry("a", 0, 8)),\(entry("b", 4, 12))}", data: 12, tensor: "b",
    "its data start at byte 4, but the data before end at 8"),
  .init(
    "same data twice", "{\(entry("a", 0, 8)),\(entry("b", 0, 8))}", data: 8, tensor: "b",
    "its data start at byte 0, but the data before end at 8"),
  .init(
    "offsets backwards", "{\(entry("t", 8, 0))}", data: 8, tensor: "t",
    "data_offsets [8, 0] must be where its data start and end"),
  .init(
    "one offset", fields(#""dtype":"F32","shape":[2],"data_offsets":[0]"#), data: 8, tensor: "t",
    "data_offsets [0] must be where its data start and end"),
  .init(
    "three offsets", fields(#""dtype":"F32","shape":[2],"data_offsets":[0,8,8]"#), data: 8,
    tensor: "t", "a list of integers is longer than 2 at byte 52"),
  .init(
    "offset of 2^63", fields(#""dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]"#),
    tensor: "t", "the integer at byte 50 is beyond 2^48"),

  // Shapes
  .init(
    "shape and offsets differ", "{\(entry("t", 0, 8, shape: "[3]"))}", data: 8, tensor: "t",
    "its data_offsets hold 8 bytes, but shape [3] of F32 needs 12"),
  .init(
    "scalar without data", "{\(entry("t", 0, 0, shape: "[]"))}", tensor: "t",
    "its data_offsets hold 0 bytes, but shape [] of F32 needs 4"),
  .init(
    "size of 2^48 + 1", "{\(entry("t", 0, 0, shape: "[281474976710657]"))}", tensor: "t",
    "the integer at byte 29 is beyond 2^48"),
  .init(
    "product overflows", "{\(entry("t", 0, 4, shape: "[281474976710656,65536]"))}", data: 4,
    tensor: "t", "shape [281474976710656, 65536] is too large"),
  .init(
    "product wraps to the right size",
    "{\(entry("t", 0, 0, shape: "[281474976710656,281474976710656]"))}", tensor: "t",
    "shape [281474976710656, 281474976710656] is too large"),
  .init(
    "strides of an empty tensor overflow",
    "{\(entry("t", 0, 0, shape: "[0,281474976710656,281474976710656]"))}", tensor: "t",
    "shape [0, 281474976710656, 281474976710656] is too large"),
  .init(
    "65 dimensions",
    "{\(entry("t", 0, 4, shape: "[1\(String(repeating: ",1", count: 64))]"))}", data: 4,
    tensor: "t", "a list of integers is longer than 64 at byte 157"),
  .init(
    "half a byte", "{\(entry("t", 0, 1, dtype: "F4", shape: "[3]"))}", data: 1, tensor: "t",
    "shape [3] of F4 does not fill whole bytes"),

  // Entries
  .init(
    "name twice", "{\(entry("t", 0, 8)),\(entry("t", 0, 8))}", data: 8,
    #"the header has "t" twice"#),
  .init(
    "name twice, once escaped", #"{\#(entry("t", 0, 8)),\#(entry("\\u0074", 0, 8))}"#, data: 8,
    #"the header has "t" twice"#),
  .init(
    "field twice", fields(#""dtype":"F32","dtype":"I32","shape":[2],\#(offsets)"#), data: 8,
    tensor: "t", #"its entry has "dtype" twice"#),
  .init(
    "unknown dtype", "{\(entry("t", 0, 8, dtype: "f32"))}", data: 8, tensor: "t",
    #"its dtype "f32" is unknown; expected F32, I64 or the like"#),
  .init(
    "unknown field", fields(#""dtype":"F32","shape":[2],\#(offsets),"x":1"#), data: 8, tensor: "t",
    #"its entry has an unknown field "x""#),
  .init(
    "no dtype", fields(#""shape":[2],\#(offsets)"#), data: 8, tensor: "t",
    "its entry has no dtype"),
  .init(
    "no shape", fields(#""dtype":"F32",\#(offsets)"#), data: 8, tensor: "t",
    "its entry has no shape"),
  .init(
    "no offsets", fields(#""dtype":"F32","shape":[2]"#), data: 8, tensor: "t",
    "its entry has no data_offsets"),
  .init(
    "name of 4097 bytes", "{\(entry(String(repeating: "x", count: 4097), 0, 8))}", data: 8,
    "a tensor's name has 4097 bytes; at most 4096 are allowed"),
  .init(
    "metadata twice", #"{"__metadata__":{},"__metadata__":{}}"#,
    #"the header has "__metadata__" twice"#),
  .init(
    "metadata of numbers", #"{"__metadata__":{"epoch":1}}"#,
    #"expected a string at byte 25, found "1""#),
  .init(
    "metadata key twice", #"{"__metadata__":{"a":"","a":""}}"#,
    #"the metadata has "a" twice"#),

  // JSON
  .init("no object", "[]", #"expected '{' to begin the header at byte 0, found "[""#),
  .init("empty header", "", "expected '{' to begin the header at byte 0, found the end"),
  .init("open object", "{", "expected a key in quotes at byte 1, found the end"),
  .init(
    "comma at the end", "{\(entry("t", 0, 8)),}", data: 8,
    #"expected a key in quotes at byte 54, found "}""#),
  .init("rest after the header", "{} {}", #"expected the end at byte 3, found "{""#),
  .init("zeros after the header", "{}\0\0", #"expected the end at byte 2, found "\0""#),
  .init(
    "depth bomb", #"{"t":"# + String(repeating: "[", count: 100_000), tensor: "t",
    #"expected '{' to begin its entry at byte 5, found "[""#),
  .init(
    "nested shape", "{\(entry("t", 0, 8, shape: "[[2]]"))}", data: 8, tensor: "t",
    #"expected a non-negative integer at byte 29, found "[""#),
  .init(
    "negative size", "{\(entry("t", 0, 8, shape: "[-2]"))}", data: 8, tensor: "t",
    #"expected a non-negative integer at byte 29, found "-""#),
  .init(
    "fraction", "{\(entry("t", 0, 8, shape: "[2.0]"))}", data: 8, tensor: "t",
    #"expected ',' or ']' in a list of integers at byte 30, found ".""#),
  .init(
    "exponent", "{\(entry("t", 0, 8, shape: "[2e0]"))}", data: 8, tensor: "t",
    #"expected ',' or ']' in a list of integers at byte 30, found "e""#),
  .init(
    "leading zero", "{\(entry("t", 0, 8, shape: "[02]"))}", data: 8, tensor: "t",
    #"expected a number without leading zeros at byte 30, found "2""#),
  .init(
    "null", "{\(entry("t", 0, 8, shape: "null"))}", data: 8, tensor: "t",
    #"expected '[' to begin a list of integers at byte 28, found "n""#),
  .init(
    "open string", #"{"tensor"#,
    "expected '\"' to end the string from byte 2 at byte 8, found the end"),
  .init(
    "bad UTF-8", safeTensorsBytes([0x7B, 0x22, 0xC3, 0x28, 0x22, 0x7D], []),
    "the string from byte 2 is not UTF-8"),
  .init(
    "overlong UTF-8", safeTensorsBytes([0x7B, 0x22, 0xC0, 0x80, 0x22, 0x7D], []),
    "the string from byte 2 is not UTF-8"),
  .init(
    "control character", "{\"a\nb\":{}}",
    #"expected no control character in a string at byte 3, found "\n""#),
  .init("unknown escape", #"{"\x":{}}"#, "unknown escape before byte 4"),
  .init("cut escape", #"{"\u00"#, "expected four hexadecimal digits at byte 6, found the end"),
  .init("lone surrogate", #"{"\ud800":{}}"#, "half a surrogate pair stands before byte 8"),
  .init("wrong surrogate", #"{"\ud800\u0041":{}}"#, "half a surrogate pair stands before byte 14"),
  .init("second half only", #"{"\udc00":{}}"#, "half a surrogate pair stands before byte 8"),
  .init(
    "name that a terminal would obey", #"{"\u001b[2J":1}"#, tensor: "\u{1B}[2J",
    #"expected '{' to begin its entry at byte 13, found "1""#),
]

/// Every malformed file is refused with its sentence.
@Suite struct MalformedFileTests {
  @Test(arguments: malformedFiles)
  func isRefused(file: MalformedFile) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.file("bad", file.bytes)
    let error = #expect(throws: CheckpointError.self) { try SafeTensors.read(path) }
    #expect(error == .malformed(path: path, tensor: file.tensor, problem: file.problem))
    #expect(error?.exitCode == .badData)
  }

  @Test func theSentenceNamesFileAndTensor() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.file("bad", safeTensorsBytes(#"{"\u001b[2J\"é":1}"#, 0))
    let error = #expect(throws: CheckpointError.self) { try SafeTensors.read(path) }
    #expect(
      error?.description
        == #"\#(path): tensor "\u{1B}[2J"é": expected '{' to begin its entry at byte 17, "#
        + #"found "1"; the file is damaged or not in safetensors format"#)
  }

  @Test func whiteSpaceAroundTheHeaderIsAllowed() throws {
    let directory = try TemporaryDirectory()
    let json = " \t\r\n{ \(entry("t", 0, 8)) ,\n\"__metadata__\" : { } }  \n"
    let path = try directory.file("good", safeTensorsBytes(json, 8))
    #expect(try SafeTensors.read(path).tensor("t").floats == [0, 0])
  }

  /// As the reference implementation reads it.
  @Test func metadataMayBeNull() throws {
    let directory = try TemporaryDirectory()
    let json = "{\"__metadata__\": null,\(entry("t", 0, 8))}"
    let file = try SafeTensors.read(try directory.file("good", safeTensorsBytes(json, 8)))
    #expect(file.metadata.isEmpty)
    #expect(try file.tensor("t").floats == [0, 0])
  }

  @Test func emptyTensorsMayShareAPlace() throws {
    let directory = try TemporaryDirectory()
    let json =
      "{\(entry("z", 8, 8, shape: "[0]")),\(entry("b", 0, 8)),\(entry("a", 0, 0, shape: "[0]")),"
      + "\(entry("y", 8, 8, shape: "[0]"))}"
    let path = try directory.file("good", safeTensorsBytes(json, 8))
    #expect(try SafeTensors.read(path).names == ["a", "b", "z", "y"])
  }

  @Test func moreThanEightDimensionsAreListedButNotLoaded() throws {
    let directory = try TemporaryDirectory()
    let json = "{\(entry("t", 0, 8, shape: "[1,1,1,1,1,1,1,1,2]"))}"
    let path = try directory.file("good", safeTensorsBytes(json, 8))
    let file = try SafeTensors.read(path)
    #expect(file.entry("t")?.shape == [1, 1, 1, 1, 1, 1, 1, 1, 2])
    let error = #expect(throws: CheckpointError.self) { try file.tensor("t") }
    #expect(
      error?.description
        == #"\#(path): tensor "t": it has 9 dimensions; at most 8 can be loaded"#)
  }

  @Test func whatIsNoFileIsNotOpened() throws {
    let directory = try TemporaryDirectory()
    let folder = #expect(throws: CheckpointError.self) { try SafeTensors.read(directory.path) }
    #expect(folder?.description == "cannot open \(directory.path): it is not a regular file")
    #expect(folder?.exitCode == .missingInput)
    let pipe = directory.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: CheckpointError.self) { try SafeTensors.read(pipe) }
  }
}
