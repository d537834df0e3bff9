import Foundation
import Testing

/// A directory for one test's files, removed with everything in it when the value is gone.
///
/// Keep it in the suite: a local variable may be gone after its last use.
public final class TemporaryDirectory: Sendable {
  /// Its absolute path, without a slash at the end.
  public let path: String

  /// Makes an empty directory.
  public init() throws {
    let parent = FileManager.default.temporaryDirectory
    path = parent.appending(path: "lockstep-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, in the place of one that is there, with the directories that lead to it.
  /// Returns its path.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try FileManager.default.createDirectory(
      at: url(name).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url(name))
    return url(name).path
  }

  /// Writes a script that can be run. Returns its path.
  ///
  /// Another process puts it in its place: while this one has a file open for writing, a process that
  /// another test starts has it, too, for a moment, and what somebody has open for writing cannot be
  /// run ("Text file busy").
  @discardableResult
  public func writeProgram(_ script: String, to name: String) throws -> String {
    let text = try write(Array(script.utf8), to: name + ".txt")
    try copy(text, to: name, by: ["/usr/bin/install", "-m", "755"])
    remove(name + ".txt")
    return url(name).path
  }

  /// Copies a file or a directory, the programs in it too, into this directory.
  public func copy(_ source: String, to name: String) throws {
    try copy(source, to: name, by: ["/bin/cp", "-R"])
  }

  private func copy(_ source: String, to name: String, by command: [String]) throws {
    let copy = try run(command + [source, url(name).path])
    try #require(copy.status == 0, "\(copy.errors)")
  }

  /// The content of a file.
  public func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url(name))) }

  /// Removes a file, or a directory with everything in it, if there is one.
  public func remove(_ name: String) { try? FileManager.default.removeItem(at: url(name)) }

  /// The names of what is in the directory called `name`, in order; empty where there is none.
  public func list(_ name: String = ".") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url(name).path)) ?? []).sorted()
  }

  private func url(_ name: String) -> URL { URL(filePath: path).appending(path: name) }
}
