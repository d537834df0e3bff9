/// What begins a line of standard error by which a run tells `lockstep launch`, and nobody else, where its
/// directory is, and that it saves and stops on `SIGUSR1`.
package let runAnnouncement = "\u{1}lockstep run "

/// The step of the last line of metrics in `text` that is whole; nil: there is none.
package func lastStep(inMetrics text: String) -> Int? {
  let start = "{\"step\":"
  return text.split(separator: "\n").last { $0.hasPrefix(start) && $0.hasSuffix("}") }
    .flatMap { Int($0.dropFirst(start.count).prefix { $0.isNumber }) }
}
