import Glibc
import Lockstep

/// A file that names hosts for `mpirun`, one a line, such as `node1 slots=8`.
package enum HostFile {
  /// Throws `LaunchFailure` (69) where the file at `path` cannot be read, or names a host that nobody
  /// knows, with the line.
  package static func check(_ path: String) throws {
    // A folder can be opened, but not read.
    guard let content = text(ofFile: path) else {
      throw LaunchFailure("\(path): cannot read this host file", .unavailable)
    }
    let lines = content.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      guard let host = host(in: line), !isKnown(host) else { continue }
      throw LaunchFailure("\(path):\(index + 1): unknown host '\(host)'", .unavailable)
    }
  }

  /// The host that a line names, without the user's name before it; nil: the line is empty, or a
  /// comment.
  package static func host(in line: some StringProtocol) -> String? {
    let content = line.prefix { $0 != "#" }
    guard let word = content.split(whereSeparator: \.isWhitespace).first else { return nil }
    return String(word.lastIndex(of: "@").map { word[word.index(after: $0)...] } ?? word)
  }

  private static func isKnown(_ host: String) -> Bool {
    var addresses: UnsafeMutablePointer<addrinfo>?
    defer { if let addresses { freeaddrinfo(addresses) } }
    return getaddrinfo(host, nil, nil, &addresses) == 0
  }
}
