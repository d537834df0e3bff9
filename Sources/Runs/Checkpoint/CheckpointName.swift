/// Which checkpoint it is: of which step, and which of those taken at that step.
///
/// The directory `step-00000120` holds the first of step 120, `step-00000120.2` the second: at the end of
/// an epoch, say.
package struct CheckpointName: Hashable, Comparable, CustomStringConvertible {
  package let step: Int
  /// From 1.
  package let version: Int

  package init(step: Int, version: Int = 1) { (self.step, self.version) = (step, version) }

  /// Reads the name of a directory; nil: it is none of a checkpoint.
  package init?(_ directory: String) {
    let parts = directory.split(separator: ".", omittingEmptySubsequences: false)
    guard directory.hasPrefix("step-"), parts.count <= 2,
      let step = Self.number(parts[0].dropFirst(5)),
      let version = parts.count == 1 ? 1 : Self.number(parts[1])
    else { return nil }
    self.init(step: step, version: version)
    // One name for each.
    guard description == directory else { return nil }
  }

  package var description: String {
    let digits = String(step)
    let padded = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    return "step-\(padded)" + (version == 1 ? "" : ".\(version)")
  }

  package static func < (a: CheckpointName, b: CheckpointName) -> Bool {
    (a.step, a.version) < (b.step, b.version)
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
  }
}
