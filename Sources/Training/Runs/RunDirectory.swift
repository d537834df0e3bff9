import Glibc
import Lockstep
import Support

/// What a run leaves behind: `run.json`, `metrics.jsonl` and `model.safetensors` in one directory.
/// Rank 0 writes.
final class RunDirectory {
  /// Where it is; empty on the ranks that do not write.
  let path: String
  private let isWriter: Bool
  private var metrics: LineFile?
  private var hasWarned = false

  /// Creates the directory at `path`, or one below `runs` with the time as its name, for the run
  /// that `record` describes.
  ///
  /// Of runs that start at the same moment one gets the directory: it is the one that could create
  /// `metrics.jsonl`, which is not there before.
  init(creating path: String?, world: any Communicator, _ record: RunRecord) throws {
    isWriter = world.isRoot
    guard isWriter else {
      self.path = ""
      return
    }
    self.path = try path ?? Self.createNewDirectory(in: "runs")
    try Self.createDirectories(self.path)
    for name in ["metrics.jsonl", "model.safetensors", "run.json"]
    where access(file(name), F_OK) == 0 {
      throw RunDirectoryError.occupied(self.path, by: name)
    }
    do throws(FileError) { metrics = try LineFile(creating: file("metrics.jsonl")) } catch {
      if error.isTaken { throw RunDirectoryError.occupied(self.path, by: "metrics.jsonl") }
      throw error
    }
    try record.write(to: file("run.json"))
  }

  func file(_ name: String) -> String { path + "/" + name }

  /// Appends a line to `metrics.jsonl`. A disk that is full costs metrics, not the run.
  func record(_ line: JSONObject) {
    do throws(FileError) { try metrics?.append(line.description) } catch {
      if !hasWarned { writeLine("warning: \(error)") }
      hasWarned = true
    }
  }

  func record(_ result: EvaluationResult, step: Int, epoch: Int) {
    record(
      JSONObject([("step", .integer(step)), ("epoch", .integer(epoch))] + result.members))
  }

  func save(_ model: any Layer) throws {
    if isWriter { try model.save(to: file("model.safetensors")) }
  }

  private static func timestamp() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      strftime(start, buffer.count, "%Y%m%d-%H%M%S", &parts)
      return String(cString: start)
    }
  }

  /// Creates a directory that was not there, even if other runs start in the same second.
  private static func createNewDirectory(in parent: String) throws -> String {
    try createDirectories(parent)
    let time = "\(parent)/\(timestamp())"
    var path = time
    var count = 1
    while mkdir(path, 0o777) != 0 {
      guard errno == EEXIST else { throw FileError(.create, path) }
      count += 1
      path = "\(time)-\(count)"
    }
    return path
  }

  private static func createDirectories(_ path: String) throws {
    var prefix = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      prefix += "/" + part
      guard mkdir(prefix, 0o777) != 0, errno != EEXIST else { continue }
      throw FileError(.create, path)
    }
  }
}

/// Why a run cannot write its results.
enum RunDirectoryError: ReportableError {
  case occupied(String, by: String)

  var description: String {
    switch self {
    case .occupied(let path, let name):
      "\(path) holds \(name) of another run; choose another --run-dir or move it away"
    }
  }

  var exitCode: ExitCode { .cannotCreate }
}
