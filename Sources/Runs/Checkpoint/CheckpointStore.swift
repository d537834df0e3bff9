package import Support

/// The checkpoints in the directory of a run, as files: `checkpoints/step-00000120/`.
///
/// A checkpoint is written beside its place, into `.step-00000120.tmp`, and gets its name when all of it is
/// on the disk: who looks at any moment sees whole ones only. It is a value, which threads may share.
package struct CheckpointStore: Sendable {
  /// The directory of the run.
  package let run: String
  /// Called before each file is written, with its name, on the thread that writes: a test's slow disk.
  package var willWrite: (@Sendable (String) -> Void)?
  /// Where the checkpoints are.
  package var folder: String { run + "/checkpoints" }

  private static let latest = "latest"

  package init(run: String, willWrite: (@Sendable (String) -> Void)? = nil) {
    self.run = run
    self.willWrite = willWrite
  }

  /// All there are, oldest first; those that were found unsound before are not among them.
  package func names() throws(FileError) -> [CheckpointName] {
    do throws(FileError) {
      return try Support.names(inDirectory: folder).compactMap(CheckpointName.init).sorted()
    } catch {
      if error.isMissing { return [] }
      throw error
    }
  }

  /// Makes the directory, and removes what a run that was killed has left by half.
  func prepare() throws(FileError) {
    try createDirectories(folder)
    for path in [run, folder] { try removeTemporaryFiles(inDirectory: path) }
    for name in try Support.names(inDirectory: folder)
    where name.hasPrefix(".step-") && (name.hasSuffix(".tmp") || name.hasSuffix(".old")) {
      removeDirectory("\(folder)/\(name)")
    }
  }

  /// Moves one that is not sound out of the way, so that its name is free.
  func setAside(_ name: CheckpointName) {
    var target = "\(folder)/\(name).unsound"
    var count = 1
    while isThere(target) {
      count += 1
      target = "\(folder)/\(name).unsound-\(count)"
    }
    _ = try? rename("\(folder)/\(name)", to: target)
  }

  /// The first name that is free for a checkpoint of `step`.
  func freeName(step: Int) -> CheckpointName {
    var name = CheckpointName(step: step)
    while isThere("\(folder)/\(name)") {
      name = CheckpointName(step: step, version: name.version + 1)
    }
    return name
  }

  // MARK: - Writing

  /// Where the checkpoint `name` is written.
  func place(_ name: CheckpointName) -> String { "\(folder)/.\(name).tmp" }

  /// Makes an empty place for the checkpoint `name`.
  func begin(_ name: CheckpointName) throws(FileError) {
    removeDirectory(place(name))
    try createDirectories(place(name))
  }

  /// Writes a file of the checkpoint `name`, and forces it to the disk.
  func write(
    _ file: String, _ bytes: UnsafeRawBufferPointer, of name: CheckpointName
  ) throws(FileError) -> Manifest.File {
    willWrite?(file)
    var target = try AtomicFile("\(place(name))/\(file)", byteCount: bytes.count)
    try target.append(bytes)
    try target.commit()
    return Manifest.File(name: file, bytes)
  }

  /// Gives the checkpoint its name, now that its `files` are all there. Links `newest` and `best` in the
  /// directory of the run to files of it.
  func commit(
    _ name: CheckpointName, _ files: [Manifest.File], newest: [String], best: [String]
  ) throws(FileError) {
    var manifest = try AtomicFile("\(place(name))/\(Manifest.fileName)")
    try manifest.append(Manifest(files: files.sorted { $0.name < $1.name }).text)
    try manifest.commit()
    try synchronizeDirectory(place(name))
    try rename(place(name), to: "\(folder)/\(name)")
    try synchronizeDirectory(folder)
    for file in newest { try link(file, of: name, as: file) }
    for file in best { try link(file, of: name, as: Self.bestName(file)) }
    try replaceLink("\(folder)/\(Self.latest)", to: "\(name)")
  }

  /// `best.safetensors` for `model.safetensors`, `best-other.safetensors` for another module.
  static func bestName(_ file: String) -> String {
    file == "model.safetensors" ? "best.safetensors" : "best-\(file)"
  }

  /// Removes what was written of a checkpoint that does not come about.
  func abandon(_ name: CheckpointName) { removeDirectory(place(name)) }

  /// Removes a checkpoint; whoever looks sees it whole, or not at all.
  func remove(_ name: CheckpointName) {
    let old = "\(folder)/.\(name).old"
    guard (try? rename("\(folder)/\(name)", to: old)) != nil else { return }
    removeDirectory(old)
  }

  private func link(
    _ file: String, of name: CheckpointName, as target: String
  ) throws(FileError) {
    try replaceHardLink("\(run)/\(target)", to: "\(folder)/\(name)/\(file)")
  }
}
