/// `text`, which may come from a file, without anything that a terminal or a log would obey, and cut to
/// 200 characters.
package func printable(_ text: String) -> String {
  let limit = 200
  let scalars = text.unicodeScalars
  return scalars.prefix(limit).map { $0.escaped(asASCII: true) }.joined()
    + (scalars.count > limit ? "…" : "")
}

/// In what something that was saved does not fit what is to take it: names that are missing or too many,
/// and sentences about those of another kind. Of a long list the beginning.
package func misfit(missing: [String], unexpected: [String], mismatched: [String]) -> String {
  [("missing", missing), ("unexpected", unexpected), ("mismatched", mismatched)]
    .filter { !$0.1.isEmpty }
    .map { title, items in "\(title): \(beginning(of: items, printable))" }
    .joined(separator: "; ")
}

/// The first ten of `items` as `text` shows them, and how many more there are: "a, b, and 990 more".
package func beginning<Item>(of items: [Item], _ text: (Item) -> String) -> String {
  let shown = 10
  return items.prefix(shown).map(text).joined(separator: ", ")
    + (items.count > shown ? ", and \(items.count - shown) more" : "")
}
