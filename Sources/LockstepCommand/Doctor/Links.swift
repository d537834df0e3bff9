import Support

/// What messages between two ranks cost.
package struct Link {
  /// Seconds that a message of some bytes takes.
  package let latency: Double
  /// Bytes per second, of large messages.
  package let bandwidth: Double
  /// How much later it is by the clock of the second, and how far that may be wrong; seconds.
  package let clock: (offset: Double, uncertainty: Double)

  package init(latency: Double, bandwidth: Double, clock: (offset: Double, uncertainty: Double)) {
    self.latency = latency
    self.bandwidth = bandwidth
    self.clock = clock
  }
}

/// The lines of a table of links.
///
/// - Parameters:
///   - links: each with the names of its two ends.
///   - hasClocks: whether the ends have clocks of their own.
package func linkTable(
  _ links: [(first: String, second: String, link: Link)], hasClocks: Bool
) -> [String] {
  let titles = ["latency us", "GB/s"] + (hasClocks ? ["clock ms", "+- ms"] : [])
  let table = TextTable([.left(""), .left("")] + titles.map { .right($0, width: 10) })
  return table.lines(
    links.map { first, second, link in
      let clock = [link.clock.offset, link.clock.uncertainty].map { ($0 * 1e3).text(3) }
      return [
        first, second, (link.latency * 1e6).text(1), (link.bandwidth / 1e9).text(3),
      ] + (hasClocks ? clock : [])
    })
}
