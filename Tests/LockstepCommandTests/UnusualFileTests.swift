import Glibc
import TestSupport
import Testing

/// Whatever is named instead of a file of data, weights or hosts is refused in a sentence: nothing waits
/// for a named pipe's other end, reads a device, or takes a directory for a file.
@Suite(.serialized) struct UnusualFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  enum Thing: String, CaseIterable { case pipe, directory, device, loop, underFile }

  private func make(_ thing: Thing, at name: String) throws {
    let path = "\(directory.path)/\(name)"
    switch thing {
    case .pipe: try #require(mkfifo(path, 0o600) == 0)
    case .directory: try #require(mkdir(path, 0o700) == 0)
    case .device: try #require(symlink("/dev/zero", path) == 0)
    case .loop: try #require(symlink(path, path) == 0)
    case .underFile: break
    }
  }

  /// What is said, after the name.
  private func reason(_ thing: Thing) -> String {
    switch thing {
    case .pipe, .directory, .device: "it is not a regular file"
    case .loop: "Too many levels of symbolic links"
    case .underFile: "Not a directory"
    }
  }

  @Test(arguments: Thing.allCases) func dataAreRefused(thing: Thing) throws {
    // Below a file there is nothing.
    try directory.write([1], to: "file")
    func name(_ name: String) -> String { thing == .underFile ? "file/\(name)" : name }
    try make(thing, at: "x")
    for line in ["--data text:\(name("x")) --model rnn", "--data csv:\(name("x")) --target y"] {
      let run = try lockstep("train --quiet --run-dir run \(line)", in: directory)
      expectFailure(run, 66, "\(name("x")): cannot be opened (\(reason(thing))); make it a")
    }
    for (kind, file) in [
      ("mnist", "train-images-idx3-ubyte"), ("mnist", "train-images-idx3-ubyte.gz"),
      ("cifar10", "data_batch_1.bin"),
    ] where thing != .underFile || !file.hasSuffix("gz") {
      directory.remove("data")
      try #require(mkdir("\(directory.path)/data", 0o700) == 0)
      try make(thing, at: "data/\(file)")
      let place = thing == .underFile ? "file" : "data"
      let run = try lockstep("train --data \(kind):\(place) --quiet --run-dir run", in: directory)
      expectFailure(run, 66, "\(place)/\(file): cannot be opened (\(reason(thing)))")
    }
    #expect(!directory.list().contains("run"))
  }

  @Test(arguments: Thing.allCases) func filesOfRunsAreRefused(thing: Thing) throws {
    try succeeded(try lockstep("train --steps 1 --quiet --run-dir run", in: directory))
    try directory.write([1], to: "file")
    if thing == .underFile {
      expectFailure(
        try lockstep("evaluate --run-dir file", in: directory), 66,
        "file/run.json: cannot be opened (Not a directory)")
      return
    }
    for name in ["run/model.safetensors", "run/run.json"] {
      directory.remove(name)
      try make(thing, at: name)
      let run = try lockstep("evaluate --run-dir run", in: directory)
      expectFailure(run, 66, reason(thing))
      #expect(run.errors.first?.contains(name) == true)
    }
    expectFailure(
      try lockstep("inspect run/model.safetensors", in: directory), 66, reason(thing))
  }

  @Test(arguments: [Thing.pipe, .directory, .device]) func hostsAreRefused(thing: Thing) throws {
    try make(thing, at: "hosts")
    let run = try lockstep("launch --hostfile hosts --print true", in: directory)
    expectFailure(run, 69, "hosts: cannot read this host file")
  }
}
