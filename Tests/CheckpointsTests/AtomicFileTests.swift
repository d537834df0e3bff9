import Checkpoints
import Diagnostics
import Support
import Glibc
import TensorCore
import Testing

/// A path holds its old content or the new one, whatever happens.
@Suite(.serialized) struct AtomicFileTests {
  @Test func contentAppearsOnCommit() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.file("metrics.json", Array("old".utf8))
    var file = try AtomicFile(path)
    try file.append("{\"loss\":")
    try file.append([0x31, 0x7D])
    #expect(try readBytes(path) == Array("old".utf8))
    #expect(directory.names == [".metrics.json.tmp-\(getpid())", "metrics.json"])
    try file.commit()
    #expect(try readBytes(path) == Array("{\"loss\":1}".utf8))
    #expect(directory.names == ["metrics.json"])
  }

  @Test func withoutCommitNothingRemains() throws {
    let directory = try TemporaryDirectory()
    func abandon() throws {
      var file = try AtomicFile(directory.path + "/a")
      try file.append("lost")
    }
    try abandon()
    #expect(directory.names == [])
  }

  @Test func aLeftTemporaryFileIsNoObstacleAndNoTrap() throws {
    let directory = try TemporaryDirectory()
    let victim = try directory.file("victim", [1, 2, 3])
    #expect(symlink(victim, "\(directory.path)/.a.tmp-\(getpid())") == 0)
    var file = try AtomicFile(directory.path + "/a")
    try file.append("new")
    try file.commit()
    #expect(try readBytes(directory.path + "/a") == Array("new".utf8))
    #expect(try readBytes(victim) == [1, 2, 3])
    #expect(directory.names == ["a", "victim"])
  }

  @Test func theModeFollowsTheUmask() throws {
    let directory = try TemporaryDirectory()
    let mask = umask(0)
    umask(mask)
    try AtomicFile(directory.path + "/a").commit()
    var status = stat()
    #expect(stat(directory.path + "/a", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o666 & ~mask)
  }

  @Test func whatCannotBeCreatedSaysSo() throws {
    let error = #expect(throws: FileError.self) {
      try SafeTensors.write([("a", .ones([2]))], to: "/no/such/place/model.safetensors")
    }
    #expect(
      error?.description
        == "cannot create /no/such/place/model.safetensors: No such file or directory")
    #expect(error?.exitCode == .cannotCreate)
  }

  @Test func aDirectoryInThePlaceIsLeftAlone() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/taken"
    #expect(mkdir(path, 0o777) == 0)
    let error = #expect(throws: FileError.self) {
      try SafeTensors.write([("a", .ones([2]))], to: path)
    }
    #expect(error?.description == "cannot create \(path): Is a directory")
    #expect(error?.exitCode == .cannotCreate)
    #expect(directory.names == ["taken"])
    rmdir(path)
  }

  /// The size limit of a child process stands for a full disk: a short write, then an error.
  @Test func aFailedWriteLeavesTheOldFile() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    try SafeTensors.write([("a", Tensor(Float(1)))], to: path)
    let old = try readBytes(path)
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let error = #expect(throws: FileError.self) {
        try SafeTensors.write([("a", .ones([100_000]))], metadata: [:], to: path)
      }
      #expect(
        error?.description == "cannot write \(path): File too large; it needs 400072 bytes")
      #expect(error?.exitCode == .inputOutput)
    }
    #expect(try readBytes(path) == old)
    #expect(directory.names == ["model.safetensors"])
  }

  @Test func aKilledWriterLeavesTheOldFile() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/model.safetensors"
    try SafeTensors.write([("a", Tensor(Float(1)))], to: path)
    let old = try readBytes(path)
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var file = try AtomicFile(path)
      try file.append("half")
      kill(getpid(), SIGKILL)
      try file.commit()
    }
    #expect(try readBytes(path) == old)
    #expect(directory.names.count == 2)
  }
}
