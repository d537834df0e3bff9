/// The names of a table's columns, and the choice among them.
struct CSVHeader {
  /// In the order of the file.
  let names: [String]
  /// The first column of each name.
  private let places: [String: Int]
  private let file: String
  private let line: Int

  init(_ fields: [ArraySlice<UInt8>], file: String, line: Int) {
    names = fields.map { String(decoding: $0, as: UTF8.self) }
    places = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
    self.file = file
    self.line = line
  }

  /// The place of the column called `name`. Throws unless there is one.
  func column(of name: String) throws(DataError) -> Int {
    guard let column = places[name] else {
      throw unusable(
        "there is no column \(quoted(name.utf8)) among \(quotedList(names))", "name one of these")
    }
    return column
  }

  /// The places of the columns that are inputs. Throws unless they are there, each name once.
  func inputs(_ inputs: CSVTable.Inputs, target: String) throws(DataError) -> [Int] {
    if let other = names.indices.first(where: { places[names[$0]] != $0 }) {
      throw unusable(
        "there are two columns \(quoted(names[other].utf8))", "give every column a name of its own")
    }
    switch inputs {
    case .allBut(let ignored):
      for name in ignored.sorted() { _ = try column(of: name) }
      if ignored.contains(target) {
        throw unusable("the target \(quoted(target.utf8)) is to be ignored", "ignore other columns")
      }
      let kept = names.indices.filter { names[$0] != target && !ignored.contains(names[$0]) }
      if kept.isEmpty {
        throw unusable(
          "there is no column besides the target to learn from", "ignore fewer columns")
      }
      return kept
    case .exactly(let features, let ignored):
      let known = ignored.union(features).union([target])
      if let other = names.first(where: { !known.contains($0) }) {
        throw unusable(
          "column \(quoted(other.utf8)) is not one of those that were learned from, "
            + quotedList(features),
          "leave it out of the file")
      }
      var kept: [Int] = []
      for name in features {
        guard let column = places[name] else {
          throw unusable(
            "there is no column \(quoted(name.utf8)), which was learned from",
            "use a table with the columns \(quotedList(features))")
        }
        kept.append(column)
      }
      return kept
    }
  }

  private func unusable(_ problem: String, _ advice: String) -> DataError {
    .unusable(file: file, line: line, problem: problem, advice: advice)
  }
}
