import Diagnostics
import Glibc
import Support

/// `metrics.jsonl`: a line for every step and evaluation, each there whole or not at all.
///
/// A disk that is full costs lines, not the run.
final class MetricsFile {
  /// The step of the last line that was moved aside; nil: none was.
  private(set) var lastStepMoved: Int?
  /// How many bytes of lines there are.
  private(set) var byteCount: Int
  private let path: String
  private let descriptor: Int32
  private var hasWarned = false

  /// Opens the file at `path` to go on after its first `position` bytes; with 0 it need not be there.
  /// What comes after them is appended to the file at `aside` first.
  init(_ path: String, from position: Int, movingRestTo aside: String) throws(FileError) {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK
    let descriptor = uninterrupted(.create, path) { open(path, flags, 0o666) }
    guard descriptor >= 0 else { throw FileError(.create, path) }
    self.path = path
    self.descriptor = descriptor
    let size = Int(lseek(descriptor, 0, SEEK_END))
    byteCount = min(position, max(0, size))
    do throws(FileError) {
      guard size >= 0 else { throw FileError(.write, path, reason: "it is not a regular file") }
      if size > position { try move(size - position, to: aside) }
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  private func move(_ count: Int, to aside: String) throws(FileError) {
    let target = uninterrupted {
      open(aside, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o666)
    }
    guard target >= 0 else { throw FileError(.create, aside) }
    defer { close(target) }
    var buffer = [UInt8](repeating: 0, count: min(count, 1 << 16))
    var done = 0
    while done < count {
      let read = uninterrupted { pread(descriptor, &buffer, buffer.count, byteCount + done) }
      guard read > 0 else { throw FileError(.read, path) }
      guard uninterrupted({ write(target, buffer, read) }) == read else {
        throw FileError(.write, aside)
      }
      done += read
      if done == count {
        lastStepMoved = lastStep(inMetrics: String(decoding: buffer[..<read], as: UTF8.self))
      }
    }
    guard uninterrupted({ fsync(target) }) == 0 else { throw FileError(.write, aside) }
    guard uninterrupted({ ftruncate(descriptor, byteCount) }) == 0 else {
      throw FileError(.write, path)
    }
  }

  /// Appends a line.
  func append(_ line: JSONObject) {
    let bytes = Array((line.description + "\n").utf8)
    var done = 0
    while done < bytes.count {
      // A full disk takes a part, and says so at the next one.
      let count = uninterrupted(.write, path) {
        pwrite(descriptor, Array(bytes[done...]), bytes.count - done, byteCount + done)
      }
      guard count > 0 else { return giveUp(FileError(.write, path)) }
      done += count
    }
    byteCount += done
  }

  private func giveUp(_ error: FileError) {
    if !hasWarned { writeLine("warning: \(error)") }
    hasWarned = true
    // No line is there by half.
    _ = uninterrupted { ftruncate(descriptor, byteCount) }
  }

  /// Forces the lines to the disk.
  func synchronize() { _ = uninterrupted(.write, path) { fdatasync(descriptor) } }
}
