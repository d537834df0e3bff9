import Checkpoints
import DataLoading
import Diagnostics
import Glibc
import Runs
import TensorCore
import TestSupport
import Training

/// A reader, and inputs that are nearly right for it.
struct FuzzedReader: Sendable {
  let name: String
  /// Input `number`.
  let input: @Sendable (_ number: Int, _ seed: UInt64) -> [UInt8]
  /// Reads an input, and uses what was read. Throws where it is refused; stops where what was read
  /// cannot be.
  let read: @Sendable ([UInt8]) throws -> Void

  init(
    _ name: String, _ seeds: [String], pieces: [String] = [],
    read: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.init(name, bytes: seeds.map { Array($0.utf8) }, pieces: pieces, read: read)
  }

  init(
    _ name: String, bytes seeds: [[UInt8]], pieces: [String] = [],
    finishing finish: @escaping @Sendable ([UInt8], _ number: Int) -> [UInt8] = { bytes, _ in bytes
    },
    read: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    let mutation = Mutation(seeds, pieces: pieces)
    input = { finish(mutation.input($0, seed: $1), $0) }
    self.read = read
  }

  func input(_ number: Int, seed: UInt64) -> [UInt8] { input(number, seed) }
}

let fuzzedReaders: [FuzzedReader] = [
  FuzzedReader("json", runSeeds + headerSeeds, pieces: jsonPieces) { try walk($0) },
  FuzzedReader("header", headerSeeds, pieces: jsonPieces) { bytes in
    let header = try fuzzedHeader(bytes)
    check(header.entries.allSatisfy { $0.data.upperBound <= 24 }, "a tensor is beyond the data")
  },
  FuzzedReader(
    "safetensors", bytes: headerSeeds.map { Array($0.utf8) }, pieces: jsonPieces,
    finishing: { bytes, number in
      // In most cases with the right length, so that the damage is not found at once.
      let length = bytes.count + (number.isMultiple(of: 16) ? number / 16 % 64 - 32 : 0)
      return withUnsafeBytes(of: Int64(length).littleEndian, Array.init) + bytes
        + (1...24).map { UInt8($0) }
    }
  ) { try loadAll(try inFile($0)) },
  FuzzedReader("run", runSeeds, pieces: jsonPieces + runPieces) { try requireRunRecord($0) },
  FuzzedReader("manifest", manifestSeeds, pieces: jsonPieces) { bytes in
    let manifest = try Manifest(parsing: bytes)
    check(!manifest.text.isEmpty, "a manifest without a text")
  },
  FuzzedReader("state", stateSeeds, pieces: jsonPieces) { bytes in
    let state = try CheckpointState(parsing: bytes)
    check(!state.text.isEmpty, "a state without a text")
  },
  FuzzedReader("csv", tableSeeds, pieces: ["\r\n", "\"\"", ",,", "a,", "NA", " ", "x"]) { bytes in
    let path = try inFile(bytes)
    let classes = Result { try TabularData(csv: path, classifying: "y") }
    let numbers = Result { try TabularData(csv: path, predicting: "a", ignoring: ["y"]) }
    if let table = try? classes.get() {
      readAll(table.train)
      readAll(table.test)
      readAll(try table.encoding.classified(csv: path))
    }
    if let table = try? numbers.get() { readAll(table.train) }
    if case .failure(let error) = classes, case .failure = numbers { throw error }
  },
  FuzzedReader(
    "text", ["To be, or not to be:\r\nthat is the question \u{2014} na\u{EF}ve \u{1F600}."]
  ) { bytes in
    let path = try inFile(bytes)
    let text = try CharacterText(path)
    readAll(try text.whole.randomWindows(of: 1, count: 20, seed: 1))
    if text.validation.count > 2 { readAll(try text.validation.consecutiveWindows(of: 2)) }
    readAll(try CharacterText(path, knowing: text.vocabulary).whole.consecutiveWindows(of: 1))
    // Most have other characters.
    _ = try? CharacterText(path, knowing: CharacterVocabulary(of: "To be".unicodeScalars))
  },
  FuzzedReader("tokens", bytes: [(0..<60).map { UInt8($0 % 2 == 0 ? $0 : 0) }]) { bytes in
    let tokens = try TokenSequence(tokenFile: try inFile(bytes), vocabularySize: 256)
    readAll(try tokens.randomWindows(of: 1, count: 20, seed: 1))
    readAll(try tokens.consecutiveWindows(of: 1))
  },
  FuzzedReader("idx", bytes: imageSeeds) { try readImages(MemoryStream($0, name: "idx")) },
  FuzzedReader("gz", bytes: imageSeeds.map(gzip)) {
    try readImages(try GzipStream(MemoryStream($0, name: "idx.gz")))
  },
  FuzzedReader("compressed-idx", bytes: imageSeeds, finishing: { bytes, _ in gzip(bytes) }) {
    try readImages(try GzipStream(MemoryStream($0, name: "idx.gz")))
  },
]

// MARK: - What is read

private let manifestSeeds = [
  #"{"format":1,"files":{"model.safetensors":{"bytes":69384,"digest":"d459f5d9347538af"},"#
    + #""state.json":{"bytes":572,"digest":"243429132efd1b4b"}}}"#,
  #"{"format":1,"files":{}}"#,
]

private let stateSeeds = [
  #"{"format":1,"step":138,"position":{"epoch":7,"batch":0},"isFinished":true,"ranks":1,"#
    + #""metricsBytes":5885,"best":{"score":0.96,"step":138},"gradientUnit":64.0,"#
    + #""generators":[{"seed":"0","position":"17226"}],"data":{"samples":"1442","batchSize":"64","#
    + #""seed":"7","digest":"635461358572180780"},"values":{"optimizer":{"optimizer":"AdamW","#
    + #""numbers":{"head.bias.step":138.0,"learning_rate":0.003}},"samples":[1,{"a":null}]}}"#
]

private let headerSeeds = [
  #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#,
  #"{"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"a.b":{"dtype":"F16","shape":[2,2,2],"#
    + #""data_offsets":[8,24]}}  "#,
  #"{"e":{"dtype":"BOOL","shape":[0],"data_offsets":[0,0]},"f":{"dtype":"F4","shape":[48],"#
    + #""data_offsets":[0,24]},"__metadata__":null}"#,
]

private let jsonPieces = [
  "null", "true", "{}", "[]", "\"\"", "\"a\":1,", "\"a\":{\"a\":", "[[[[", "U64", "BF16",
  "\"shape\":[", "\"data_offsets\":[0,0]", "\"__metadata__\":{", "0.5", "1E+2", "\\u00e9", "\\/",
]

private let runSeeds =
  [
    #""images":{"classes":["0","1"],"shape":[1,8,8]}"#,
    #""table":{"classes":["a","b"],"deviations":[1.5],"features":["n"],"file":"0f","ignored":["i"],"#
      + #""means":[0.5],"target":"y"}"#,
    #""table":{"deviations":[1.5],"features":["n"],"file":"0f","ignored":[],"means":[0.5],"#
      + #""target":"y","targetDeviation":2,"targetMean":1}"#,
    #""text":{"characters":" abc","context":64,"file":"0f"}"#,
  ].map { task in
    let data =
      task.hasPrefix("\"images") ? "digits" : task.hasPrefix("\"table") ? "csv:/t" : "text:/t"
    return #"{"data":"\#(data)","format":2,"options":"# + runOptions
      + #","program":{"build":"0","version":"0.1.0"},"ranks":1,"recipe":{"betas":[0.9,0.999]},"#
      + task + "}"
  }

private let runOptions =
  #"{"abortAfter":null,"clipNorm":null,"data":"digits","epochs":null,"evaluateEvery":null,"#
  + #""globalBatch":64,"ignore":null,"learningRate":0.001,"loss":null,"microBatches":1,"#
  + #""model":"mlp","optimizer":"adamw","overlap":"auto","precision":"float32","products":null,"#
  + #""quiet":true,"reproducible":false,"runDir":"r","schedule":"cosine","seed":0,"#
  + #""shardOptimizer":false,"steps":2,"target":null,"threads":2,"warmup":0,"warnAfter":null,"#
  + #""wire":null}"#

private let runPieces = [
  "\"steps\":", "gpt", "--help", "-h", "--version", "--", "--seed", "\"seed\":1,", "false",
  "\"context\":1024", "\"classes\":[\"a\",\"a\"]", "\"targetMean\":0,", "text:", "csv:", "float16",
]

private let tableSeeds = [
  "a,\"b \"\"c\"\"\",y\r\n1,2.5,x\r\n-3e2,NA,\"y, z\"\r\n\r\n4,,x\n5,6,\u{E9}\n7,8,x\n9,1,x",
  "a,y\n1,2\n3,4\n5,6\n7,8\n9,10\n",
]

private let imageSeeds = [
  idx(magic: 0x802, sizes: [3, 4], values: (0..<12).map { $0 }),
  idx(magic: 0x802, sizes: [1, 2], values: [0xFF, 1]),
]

// MARK: - How it is read

/// The path of a file that holds `bytes`: the same each time.
private func inFile(_ bytes: [UInt8]) throws -> String {
  check(
    ftruncate(scratch, 0) == 0 && pwrite(scratch, bytes, bytes.count, 0) == bytes.count,
    "ReaderFuzz: a file in memory cannot be written")
  return "/proc/self/fd/\(scratch)"
}

/// A file without a name.
private let scratch: Int32 = tmpfile().map { fileno($0) } ?? -1

private func fuzzedHeader(_ bytes: [UInt8]) throws -> SafeTensorsHeader {
  do throws(HeaderProblem) {
    return try SafeTensorsHeader(parsing: bytes, dataByteCount: 24)
  } catch {
    throw CheckpointError.malformed(path: "file", tensor: error.tensor, problem: error.problem)
  }
}

private func loadAll(_ path: String) throws {
  let file = try SafeTensors.read(path)
  for name in file.names {
    guard let tensor = try? file.tensor(name) else { continue }
    check(Array(tensor.shape) == file.entry(name)?.shape, "the shape of \(name) has changed")
    _ = tensor.cloned()
  }
}

private func readAll(_ data: some Dataset) {
  let (inputs, targets) = data.batch(0..<min(data.count, 1000))
  check(inputs.count >= 0 && targets.count >= 0, "a batch has no size")
}

private func readImages(_ stream: any ByteStream) throws {
  let array = try IDX(stream, dimensions: 2)
  check(array.values.count == array.shape.reduce(1, *), "the values do not fill the shape")
}

/// Reads whatever value comes next, up to a depth.
private func walk(_ bytes: [UInt8]) throws {
  var reader = JSONReader(bytes)
  do throws(HeaderProblem) {
    try walk(&reader, depth: 20)
    try reader.readEnd()
  } catch {
    throw CheckpointError.malformed(path: "file", tensor: error.tensor, problem: error.problem)
  }
}

private func walk(_ reader: inout JSONReader, depth: Int) throws(HeaderProblem) {
  guard depth > 0 else { throw HeaderProblem("it is too deep") }
  if reader.isAtObject() {
    try reader.readMembers(of: "an object") { (reader, _) throws(HeaderProblem) in
      try walk(&reader, depth: depth - 1)
    }
  } else if reader.isAtList() {
    _ = try reader.readList(of: "values") { (reader) throws(HeaderProblem) in
      try walk(&reader, depth: depth - 1)
    }
  } else {
    _ = try reader.readScalar()
  }
}
