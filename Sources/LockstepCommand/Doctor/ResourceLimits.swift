/// What the system lets a process have, as far as training may need it.
package struct ResourceLimits {
  private let limits: [String: Substring]

  /// Reads the text of `/proc/self/limits`.
  package init(_ text: String) {
    var limits: [String: Substring] = [:]
    for line in text.split(separator: "\n") {
      for name in Self.shown.map(\.system) where line.hasPrefix(name + " ") {
        limits[name] = line.dropFirst(name.count).split(separator: " ").first
      }
    }
    self.limits = limits
  }

  private static let shown: [(name: String, system: String, isBytes: Bool)] = [
    ("open files", "Max open files", false), ("locked memory", "Max locked memory", true),
    ("core file", "Max core file size", true), ("file size", "Max file size", true),
  ]

  /// A name and a text for each of them.
  package var lines: [(name: String, text: String)] {
    Self.shown.map { name, system, isBytes in
      guard let limit = limits[system] else { return (name, "not readable: /proc/self/limits") }
      return (name, isBytes ? Int(limit).map(sizeText) ?? String(limit) : String(limit))
    }
  }

  /// What to do about those that are too low for a job.
  package func advice(_ host: String) -> [String] {
    var advice: [String] = []
    if let files = limits["Max open files"].flatMap({ Int($0) }), files < 1024 {
      advice.append(
        "\(host): \(files) open files may be too few for mpirun and many ranks: ulimit -n 4096")
    }
    if let bytes = limits["Max file size"].flatMap({ Int($0) }) {
      advice.append(
        """
        \(host): files of more than \(sizeText(bytes)) cannot be written, weights neither: \
        ulimit -f unlimited
        """)
    }
    return advice
  }
}
