import TestSupport
import Testing

/// What `lockstep inspect` says of a file.
@Suite(.serialized) struct InspectTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func savedModelIsListed() throws {
    try succeeded(try lockstep("train --steps 1 --quiet --run-dir run", in: directory))
    let text = try succeeded(try lockstep("inspect run/model.safetensors", in: directory))
    let lines = text.split(separator: "\n")
    #expect(lines.first?.hasPrefix("tensor") == true)
    #expect(lines.contains { $0.contains("hidden.0.weight  F32   [512, 64]") }, "\(text)")
    // 64-512-512-10 with biases.
    #expect(lines.contains("6 tensors, 301066 elements"), "\(text)")
    #expect(lines.last == "metadata format: pt")
  }

  /// A bias of 0.5 and -1.5, in a file that Python's safetensors could have written.
  @Test func valuesAreSummedUp() throws {
    let header = #"{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    let length = [UInt8(header.utf8.count)] + Array(repeating: 0, count: 7)
    let values: [Float] = [0.5, -1.5]
    let data = values.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
    }
    try directory.write(length + Array(header.utf8) + data, to: "b.safetensors")
    let text = try succeeded(try lockstep("inspect b.safetensors", in: directory))
    #expect(
      text.split(separator: "\n").dropFirst().first
        == "b       F32   [2]    -1.5000   -0.5000  0.5000", "\(text)")
  }

  /// Names and metadata may come from anybody.
  @Test func nothingThatATerminalObeysIsPrinted() throws {
    let long = String(repeating: "n", count: 300)
    let header =
      #"{"__metadata__":{"\u001b[1m":"two\u000alines\u009b2J"},"\u001b[2J":{"dtype":"U8","shape":[0],"#
      + #""data_offsets":[0,0]},"\#(long)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init)
    try directory.write(length + Array(header.utf8), to: "names.safetensors")
    let text = try succeeded(try lockstep("inspect names.safetensors", in: directory))
    #expect(text.contains(#"\u{1B}[2J"#) && text.contains(String(repeating: "n", count: 200) + "…"))
    #expect(!text.contains(long))
    #expect(text.hasSuffix(#"metadata \u{1B}[1m: two\nlines\u{009B}2J"# + "\n"), "\(text)")
    #expect(
      !text.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
    // In sentences, too.
    try directory.write(length + Array(header.replacing("U8", with: "\\u001b").utf8), to: "bad")
    let bad = try lockstep("inspect bad", in: directory)
    #expect(bad.status == 65 && !bad.errors.joined().contains("\u{1B}"), "\(bad.errors)")
  }

  @Test func badFilesAreRefused() throws {
    expectFailure(try lockstep("inspect nothing.safetensors", in: directory), 66, "nothing")
    try directory.write([1, 2, 3], to: "short.safetensors")
    expectFailure(
      try lockstep("inspect short.safetensors", in: directory), 65,
      "short.safetensors: it has 3 bytes, but starts with 8 that hold a length")
    expectFailure(try lockstep("inspect", in: directory), 64, "Missing expected argument '<file>'")
  }
}
