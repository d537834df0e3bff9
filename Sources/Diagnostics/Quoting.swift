/// `text`, which may come from a file, without anything that a terminal or a log would obey, and cut to
/// `limit` characters.
package func printable(_ text: String, limit: Int = 200) -> String {
  let scalars = text.unicodeScalars
  var result = ""
  var shown = 0
  for scalar in scalars {
    if shown == limit { return result + "…" }
    result += inert(scalar)
    shown += 1
  }
  return result
}

/// A sentence as it is printed: its lines without anything that a terminal would obey, whatever names they
/// have from files, and each cut to 4,000 characters.
package func printableLines(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false)
    .map { printable(String($0), limit: 4000) }.joined(separator: "\n")
}

/// The character itself, or its number if it has no picture.
private func inert(_ scalar: Unicode.Scalar) -> String {
  if 0x20..<0x7F ~= scalar.value { return String(scalar) }
  return switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
    scalar.escaped(asASCII: true)
  default: String(scalar)
  }
}

/// In what something that was saved does not fit what is to take it: names that are missing or too many,
/// and sentences about those of another kind. Of a long list the beginning.
package func misfit(missing: [String], unexpected: [String], mismatched: [String]) -> String {
  [("missing", missing), ("unexpected", unexpected), ("mismatched", mismatched)]
    .filter { !$0.1.isEmpty }
    .map { title, items in "\(title): \(beginning(of: items) { printable($0) })" }
    .joined(separator: "; ")
}

/// The first ten of `items` as `text` shows them, and how many more there are: "a, b, and 990 more".
package func beginning<Item>(of items: [Item], _ text: (Item) -> String) -> String {
  let shown = 10
  return items.prefix(shown).map(text).joined(separator: ", ")
    + (items.count > shown ? ", and \(items.count - shown) more" : "")
}
