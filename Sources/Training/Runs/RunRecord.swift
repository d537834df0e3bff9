import Lockstep
import Support

/// The version of the program, which `run.json` keeps beside a digest of the build.
package let programVersion = "0.1.0"

/// What a run is, kept as `run.json` beside its results: all that decided them, and all that its
/// weights need to mean something. The same run writes the same bytes.
struct RunRecord {
  /// The data, by a path that holds wherever a program is started.
  let data: DataSource
  /// Every option of the run.
  let options: TrainingOptions
  /// What it learned, with what that took from the data.
  let task: any LearningTask
  /// How many ranks it had.
  let ranks: Int

  /// The layout of the file; it changes when older programs could not read it rightly.
  private static let format = 2
  /// Bytes of the longest file: a table of some 100,000 columns.
  private static let maximumLength = 32 << 20

  func write(to path: String) throws {
    let recipe = options.recipe
    let members: [(key: String, value: JSONObject.Value?)] = [
      ("data", .text(data.description)), ("format", .integer(Self.format)),
      ("options", .object(RunOptions(options).record)),
      (
        "program",
        .object(
          JSONObject([
            "build": .text(programDigest()),
            "products": .text(MatrixProducts.areByOpenBLAS ? "openblas" : "own"),
            "version": .text(programVersion),
          ]))
      ),
      ("ranks", .integer(ranks)),
      (
        "recipe",
        .object(
          JSONObject([
            "betas": .numbers([recipe.betas.0, recipe.betas.1]),
            "weightDecay": recipe.weightDecay.map { .float($0) },
          ]))
      ),
      (type(of: task).kind, .object(task.record)),
    ]
    var file = try AtomicFile(path)
    try file.append(JSONObject(members.sorted { $0.key < $1.key }).description + "\n")
    try file.commit()
  }

  init(data: DataSource, options: TrainingOptions, task: any LearningTask, ranks: Int) {
    self.data = data
    self.options = options
    self.task = task
    self.ranks = ranks
  }

  init(readingFrom path: String) throws {
    do {
      try self.init(parsing: try Self.bytes(path))
    } catch let problem as HeaderProblem {
      throw RunError.malformed(path, problem.problem)
    }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    let file = try FileStream(
      path: path, advice: "is this the --run-dir of a finished training run?")
    guard file.byteLimit <= maximumLength else {
      throw HeaderProblem("it has \(file.byteLimit) bytes, at most \(maximumLength) are allowed")
    }
    return try file.bytes(upTo: file.byteLimit)
  }

  fileprivate init(parsing json: [UInt8]) throws(HeaderProblem) {
    var (source, options, task): (String?, TrainingOptions?, (any LearningTask)?)
    var (ranks, format): (Int?, Int?)
    var reader = JSONReader(json)
    try reader.readMembers(of: "the file") { (reader, key) throws(HeaderProblem) in
      switch key {
      case "data": source = try reader.readString("what --data was")
      case "format":
        format = try reader.readInteger()
        guard format == Self.format else {
          throw HeaderProblem(
            "it has the layout \(format ?? 0), and this version reads layout \(Self.format); "
              + "use the version that wrote it")
        }
      case "options":
        // Sorted before them; without it the options are those of the first layout.
        if format == nil { throw Self.tooOld }
        options = try RunOptions.read(&reader)
      case "program", "recipe": try Self.skipObject(&reader, key)
      case "ranks": ranks = try reader.readInteger()
      default:
        guard let kind = taskKinds.first(where: { $0.kind == key }) else {
          if format == nil { throw Self.tooOld }
          throw unknownMember(key, of: "the file")
        }
        guard task == nil else { throw HeaderProblem("it has two tasks") }
        task = try kind.init(reading: &reader)
      }
    }
    try reader.readEnd()
    guard format != nil else { throw Self.tooOld }
    guard let source, let data = DataSource(argument: source) else {
      throw missing("data, as --data takes them", of: "the file")
    }
    guard let options else { throw missing("options", of: "the file") }
    guard let task else { throw missing("a task", of: "the file") }
    guard type(of: task).kind == data.format.kind else {
      throw HeaderProblem("its data are \(data), and its task is \(type(of: task).kind)")
    }
    guard let ranks, ranks > 0 else { throw missing("the number of ranks", of: "the file") }
    self.init(data: data, options: options, task: task, ranks: ranks)
  }

  /// What the first layout lacks: how a table was standardised and in which order its classes are.
  private static let tooOld = HeaderProblem(
    "it is not of this version of lockstep, which keeps more of a run; train again, or use the "
      + "version that wrote it")

  /// Goes past an object that is for people, whatever it has.
  private static func skipObject(
    _ reader: inout JSONReader, _ owner: String
  ) throws(HeaderProblem) {
    try reader.readMembers(of: owner) { (reader, key) throws(HeaderProblem) in
      if key == "betas" {
        _ = try reader.readNumbers(key)
      } else {
        _ = try reader.readScalar()
      }
    }
  }
}

/// Reads `json` as `run.json` is read; throws unless a run could have written it.
package func requireRunRecord(_ json: [UInt8]) throws { _ = try RunRecord(parsing: json) }
