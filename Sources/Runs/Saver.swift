import Checkpoints
import Communication
import Parallel
import Steps
import Support
import Synchronization

/// Writes checkpoints on a thread of its own, one at a time, from copies in memory.
///
/// Rank 0 writes what all ranks have alike. Where ranks keep parts of their own, each writes its part, and
/// rank 0 gives the checkpoint its name when all parts are on the disk.
final class Saver {
  private let store: CheckpointStore
  private let world: any Communicator
  /// Starts with the first checkpoint.
  private lazy var worker = Worker(for: "Run", instead: "raise the limit of processes")
  private var writing: Writing?

  /// A checkpoint that is being written.
  private struct Writing {
    let name: CheckpointName
    /// The copies; they stay until the thread is done with them.
    let images: [SafeTensorsImage]
    /// What this rank's thread does; nil: nothing.
    let outcome: Outcome?
    /// Whether ranks are writing parts of it, which rank 0 waits for before it finishes.
    let isShared: Bool
    let finish: Finish?
  }

  /// What the thread has to say when it is done.
  private final class Outcome: Sendable {
    private let result = Locked<Result<[Manifest.File], FileError>?>(nil)
    var isThere: Bool { result.withLock { $0 != nil } }

    func submit(
      to worker: Worker, _ job: @escaping @Sendable () throws(FileError) -> [Manifest.File]
    ) {
      worker.submit { [self] in
        let done: Result<[Manifest.File], FileError>
        do throws(FileError) { done = .success(try job()) } catch { done = .failure(error) }
        result.withLock { $0 = done }
      }
    }

    /// Waits for it.
    func joined(with worker: Worker) -> Result<[Manifest.File], FileError> {
      worker.wait()
      return result.withLock { $0 } ?? .success([])
    }
  }

  /// What rank 0 does when all files are there.
  struct Finish: Sendable {
    var newest: [String]
    var best: [String]
    /// Removes what is superfluous.
    var prune: @Sendable () -> Void
  }

  /// A file of a checkpoint.
  enum Content {
    case tensors(SafeTensorsImage)
    case text(String)
  }

  init(_ store: CheckpointStore, _ world: any Communicator) {
    self.store = store
    self.world = world
  }

  /// Whether this rank, or another one, is writing a checkpoint, as far as this one knows.
  var isBusy: Bool { writing != nil }

  /// Begins to write `files`, this rank's part of the checkpoint `name`; `finish` is what follows on
  /// rank 0. Nothing may be being written.
  ///
  /// - Parameter isShared: whether all ranks have parts; then rank 0 has made the place for them.
  func begin(
    _ name: CheckpointName, _ files: [(name: String, content: Content)], isShared: Bool,
    _ finish: Finish?
  ) {
    let contents = files.map { ($0.name, Bytes($0.content)) }
    let (store, isRoot) = (store, world.isRoot)
    let outcome = isRoot || isShared ? Outcome() : nil
    writing = Writing(
      name: name,
      images: files.compactMap { if case .tensors(let image) = $0.content { image } else { nil } },
      outcome: outcome, isShared: isShared, finish: finish)
    outcome?.submit(to: worker) { () throws(FileError) in
      if !isShared { try store.begin(name) }
      var written: [Manifest.File] = []
      for (file, bytes) in contents { written.append(try bytes.write(file, of: name, to: store)) }
      if !isShared, let finish { try Self.commit(name, written, store, finish) }
      return written
    }
  }

  /// The bytes of a file, for the thread.
  private enum Bytes: Sendable {
    case image(SafeTensorsImage)
    case text([UInt8])

    init(_ content: Content) {
      switch content {
      case .tensors(let image): self = .image(image)
      case .text(let text): self = .text(Array(text.utf8))
      }
    }

    func write(
      _ file: String, of name: CheckpointName, to store: CheckpointStore
    ) throws(FileError) -> Manifest.File {
      switch self {
      case .image(let image): return try store.write(file, image.bytes, of: name)
      case .text(let bytes):
        return try bytes.span.bytes.withUnsafeBytes { (buffer) throws(FileError) in
          try store.write(file, buffer, of: name)
        }
      }
    }
  }

  private static func commit(
    _ name: CheckpointName, _ files: [Manifest.File], _ store: CheckpointStore, _ finish: Finish
  ) throws(FileError) {
    try store.commit(name, files, newest: finish.newest, best: finish.best)
    finish.prune()
  }

  /// Looks whether what is being written is done, or waits for it. Returns why it has failed, once: on
  /// rank 0, and where ranks have parts on all of them. Collective in the latter case.
  func settle(waiting: Bool) -> (name: CheckpointName, error: FileError)? {
    guard let writing else { return nil }
    let isDone = waiting || writing.outcome?.isThere ?? true
    if writing.isShared {
      guard waiting || world.minimum(Int32(isDone ? 1 : 0)) == 1 else { return nil }
      if let error = join(parts: joined(writing), writing) { return fail(writing, error) }
      return waiting ? settle(waiting: true) : nil
    }
    guard isDone else { return nil }
    self.writing = nil
    guard case .failure(let error) = joined(writing) else { return nil }
    return fail(writing, error)
  }

  /// Forgets what is being written, when this rank's thread is done: for the end, when nobody is there to
  /// hear of it.
  func wait() {
    if let writing { _ = joined(writing) }
    writing = nil
  }

  private func fail(
    _ writing: Writing, _ error: FileError
  ) -> (name: CheckpointName, error: FileError) {
    self.writing = nil
    if world.isRoot { store.abandon(writing.name) }
    return (writing.name, error)
  }

  private func joined(_ writing: Writing) -> Result<[Manifest.File], FileError> {
    guard let outcome = writing.outcome else { return .success([]) }
    world.note(.saving)
    return outcome.joined(with: worker)
  }

  /// Learns what has come of all ranks' parts. Where all are there, rank 0 goes on to give the checkpoint
  /// its name.
  private func join(
    parts own: Result<[Manifest.File], FileError>, _ writing: Writing
  ) -> FileError? {
    var files: [Manifest.File] = []
    for text in world.gather(PartReport.text(own)) {
      switch PartReport.result(text) {
      case .success(let part): files += part
      case .failure(let error): return error
      }
    }
    let outcome = world.isRoot ? Outcome() : nil
    self.writing = Writing(
      name: writing.name, images: [], outcome: outcome, isShared: false, finish: nil)
    guard let finish = writing.finish else { return nil }
    outcome?.submit(to: worker) { [store, files, name = writing.name] () throws(FileError) in
      try Self.commit(name, files, store, finish)
      return files
    }
    return nil
  }
}

/// What a rank has to say of the files that it wrote, as a text for the others: a line for each.
enum PartReport {
  static func text(_ result: Result<[Manifest.File], FileError>) -> String {
    switch result {
    case .success(let files):
      files.map { "\($0.name)\t\($0.byteCount)\t\($0.digest)" }.joined(separator: "\n")
    case .failure(let error): "\(error.action.rawValue)\t\(error.path)\t\(error.reason)\terror"
    }
  }

  static func result(_ text: String) -> Result<[Manifest.File], FileError> {
    var files: [Manifest.File] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: "\t").map(String.init)
      if words.count == 4, let action = FileError.Action(rawValue: words[0]) {
        return .failure(FileError(action, words[1], reason: words[2]))
      }
      guard words.count == 3, let bytes = Int(words[1]), let digest = UInt64(words[2]) else {
        continue
      }
      files.append(Manifest.File(name: words[0], byteCount: bytes, digest: digest))
    }
    return .success(files)
  }
}
