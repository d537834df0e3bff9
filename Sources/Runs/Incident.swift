import Glibc
import Support

/// What it cost that a run was interrupted: a line of `incidents.jsonl`, written when the next step is done.
struct Incident {
  /// The step that it went on from.
  let step: Int
  /// The last step that it had taken before; nil: it left no lines of metrics.
  let reached: Int?
  /// When the last line of metrics was written, in seconds since 1970; nil: there was none.
  let lastSeen: Double?

  /// The line, at the end of the first step after it.
  var line: JSONObject {
    JSONObject([
      "time": .text(Self.now()), "resumedFrom": .integer(step),
      "reached": reached.map { .integer($0) },
      "stepsDoneAgain": reached.map { .integer(max(0, $0 - step)) },
      "secondsLost": lastSeen.map { .number(((Self.seconds() - $0) * 1000).rounded() / 1000) },
    ])
  }

  /// Appends the line to the file at `path`; a disk that is full costs the line.
  func write(to path: String) {
    let descriptor = uninterrupted {
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o666)
    }
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array((line.description + "\n").utf8)
    _ = uninterrupted { Glibc.write(descriptor, bytes, bytes.count) }
  }

  /// When the file at `path` was written last, in seconds since 1970.
  static func lastWrite(_ path: String) -> Double? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_size > 0 else { return nil }
    return Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func now() -> String {
    var (moment, parts) = (time(nil), tm())
    gmtime_r(&moment, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
