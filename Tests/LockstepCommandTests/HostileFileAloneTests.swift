import Glibc
import TestSupport
import Testing

/// Files that are made to take time or memory are read, or refused, in the time that their size needs.
@Suite(.serialized) struct HostileFileAloneTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func write(_ text: String, to name: String) throws {
    try directory.write(Array(text.utf8), to: name)
  }

  /// A header of some 60 MB.
  @Test func aMillionTensorsAreListedInSeconds() throws {
    let count = 1_000_000
    let entries = (0..<count).map {
      #""t\#($0)":{"dtype":"U8","shape":[1],"data_offsets":[\#($0),\#($0 + 1)]}"#
    }
    let header = Array(("{" + entries.joined(separator: ",") + "}").utf8)
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init)
    try directory.write(
      length + header + Array(repeating: 7, count: count), to: "many.safetensors")
    let run = try lockstep("inspect many.safetensors", in: directory)
    #expect(try succeeded(run).hasSuffix("\n1000000 tensors, 1000000 elements\n"))
    #expect(run.seconds < tenTimes(6))
  }

  @Test func aHundredThousandColumnsAreRefusedInAShortSentence() throws {
    let names = (0..<100_000).map { "column number \($0)" }
    try write(names.joined(separator: ",") + "\n1,2\n", to: "wide.csv")
    let line = "train --quiet --run-dir run --data csv:wide.csv --target"
    let unknown = try lockstep("\(line) y", in: directory)
    expectFailure(unknown, 65, "wide.csv:1: there is no column 'y' among 'column number 0', ")
    #expect(try #require(unknown.errors.first).count < 1000 && unknown.seconds < tenTimes(1))
    try write(names.joined(separator: ",") + ",y\n1,2\n", to: "wide.csv")
    let short = try lockstep("\(line) y", in: directory)
    expectFailure(short, 65, "wide.csv:2: the row has 2 fields, expected 100001 as in the header")
    #expect(short.seconds < tenTimes(1))
  }

  /// A run of many columns is judged by a table of the same, in any order.
  @Test func manyColumnsAreFoundByTheirNames() throws {
    let columns = 20_000
    let names = (0..<columns).map { "c\($0)" } + ["y"]
    let rows = (0..<10).map { row in
      ((0..<columns).map { "\(($0 + row) % 7)" } + [row % 2 == 0 ? "a" : "b"]).joined(
        separator: ",")
    }
    try write(([names.joined(separator: ",")] + rows).joined(separator: "\n"), to: "wide.csv")
    try succeeded(
      try lockstep(
        "train --quiet --run-dir run --steps 1 --data csv:wide.csv --target y", in: directory))
    let run = try lockstep("evaluate --run-dir run", in: directory)
    try succeeded(run)
    #expect(run.seconds < tenTimes(2))
  }

  @Test(arguments: [
    (#"{"format":2,"options":"#, #"{"seed":"#, "the file"),
    (#"{"format":2,"program":"#, #"{"a":"#, ""), (#"{"format":2,"table":"#, "[", ""),
    (#"{"format":2,"images":{"shape":"#, "[", ""),
  ]) func deepNestingIsRefused(start: String, step: String, cause: String) throws {
    try directory.write(Array("x".utf8), to: "run/model.safetensors")
    try write(start + String(repeating: step, count: 5_000_000), to: "run/run.json")
    let run = try lockstep("evaluate --run-dir run", in: directory)
    expectFailure(run, 65, "run/run.json: ")
    #expect(run.seconds < tenTimes(1))
  }

  /// Of a million members, also where all are unknown, come twice, or make a list.
  @Test(
    arguments: [
      { #""k\#($0)":\#($0)"# }, { _ in #""seed":1"# }, { #""seed":"\#($0)""# },
    ] as [@Sendable (Int) -> String]) func manyOptionsAreRefused(member: @Sendable (Int) -> String)
    throws
  {
    let members = (0..<1_000_000).map(member).joined(separator: ",")
    try directory.write(Array("x".utf8), to: "run/model.safetensors")
    try write(#"{"format":2,"options":{\#(members)}}"#, to: "run/run.json")
    let run = try lockstep("evaluate --run-dir run", in: directory)
    expectFailure(run, 65, "run/run.json: ")
    #expect(try #require(run.errors.first).count < 1000)
    #expect(run.seconds < tenTimes(2))
  }

  @Test func manyNamesAndNumbersAreReadInSeconds() throws {
    let count = 700_000
    let names = (0..<count).map { "\"\($0)\"" }.joined(separator: ",")
    let numbers = String(repeating: "1.5,", count: count).dropLast()
    try directory.write(Array("x".utf8), to: "run/model.safetensors")
    try write(
      #"{"format":2,"table":{"features":[\#(names)],"means":[\#(numbers)],"deviations":"#
        + #"[\#(numbers)],"classes":[\#(names)],"ignored":[],"target":"y","file":"0"}}"#,
      to: "run/run.json")
    let run = try lockstep("evaluate --run-dir run", in: directory)
    expectFailure(run, 65, "run/run.json: the file must have data, as --data takes them")
    #expect(run.seconds < tenTimes(2))
  }

  /// A megabyte that becomes three hundred.
  @Test func compressedDataThatGrowAThousandfoldAreRefused() throws {
    func pieces(_ magic: UInt8, _ sizes: [UInt32]) -> [UInt8] {
      [0, 0, 8, magic] + sizes.flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) }
    }
    let images = 400_000
    try directory.write(pieces(3, [UInt32(images), 28, 28]), to: "head")
    let size = images * 28 * 28
    let made = try run(
      [
        "/bin/sh", "-c",
        "(cat head; head -c \(size) /dev/zero) | gzip -1 >data/train-images-idx3-ubyte.gz",
      ],
      in: {
        try directory.write([0], to: "data/x"); return directory.path
      }())
    try #require(made.status == 0, "\(made.errors)")
    try directory.write(
      pieces(1, [10]) + [UInt8](repeating: 0, count: 10), to: "data/train-labels-idx1-ubyte")
    let job = try lockstep("train --data mnist:data --quiet --run-dir run", in: directory)
    expectFailure(job, 65, "that are read of a compressed file of this size (gunzip it, if it is")
    #expect(job.seconds < tenTimes(1))
  }
}
