/// A table of text: columns two spaces apart, below their titles.
///
/// Nothing is cut, also not at the edge of a terminal: tables go into files and to other programs.
package struct TextTable {
  package struct Column {
    let title: String
    let isRightAligned: Bool
    var width: Int

    /// A column of names, at the left.
    package static func left(_ title: String) -> Column {
      Column(title: title, isRightAligned: false, width: title.count)
    }

    /// A column of numbers, at the right, of `width` characters at least.
    package static func right(_ title: String, width: Int = 0) -> Column {
      Column(title: title, isRightAligned: true, width: max(width, title.count))
    }
  }

  private var columns: [Column]

  /// A table whose columns are as wide as they say, for rows that are printed as they come.
  package init(_ columns: [Column]) { self.columns = columns }

  /// The same with columns that are as wide as `rows` need.
  package func fitting(_ rows: [[String]]) -> TextTable {
    var table = self
    for row in rows {
      for (index, cell) in row.enumerated() {
        table.columns[index].width = max(table.columns[index].width, cell.count)
      }
    }
    return table
  }

  /// The titles, as a line.
  package var header: String { line(columns.map(\.title)) }

  /// A row, with a cell for each of the first columns.
  package func line(_ cells: [String]) -> String {
    var line = zip(cells, columns).map { cell, column in
      let space = String(repeating: " ", count: max(0, column.width - cell.count))
      return column.isRightAligned ? space + cell : cell + space
    }.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }

  /// Titles and `rows`, a line each, in columns that are as wide as they need.
  package func lines(_ rows: [[String]]) -> [String] {
    let table = fitting(rows)
    return [table.header] + rows.map(table.line)
  }
}
