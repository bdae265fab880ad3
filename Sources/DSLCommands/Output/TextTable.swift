/// Rows of text in columns.
struct TextTable {
  /// The columns' names; none shows no header.
  var header: [String] = []
  /// The rows; styles may be in them, they do not count for widths.
  var rows: [[String]] = []
  /// Columns whose text ends at the column's edge.
  var rightAligned: Set<Int> = []

  /// The lines, each ended by a line feed.
  func text(_ paint: Paint) -> String {
    let all = (header.isEmpty ? [] : [header]) + rows
    let columns = all.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      all.map { column < $0.count ? Self.width($0[column]) : 0 }.max() ?? 0
    }
    var lines = header.isEmpty ? [] : [paint(line(header, widths), .strong)]
    lines += rows.map { line($0, widths) }
    return lines.map { $0 + "\n" }.joined()
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (column, cell) in cells.enumerated() {
      let gap = String(repeating: " ", count: max(0, widths[column] - Self.width(cell)))
      let isLast = column == cells.count - 1
      text += rightAligned.contains(column) ? gap + cell : cell + (isLast ? "" : gap)
      if !isLast { text += "  " }
    }
    return text
  }

  /// Characters that are seen: escape sequences take no room.
  private static func width(_ text: String) -> Int {
    guard text.utf8.contains(0x1B) else { return text.count }
    var count = 0
    var inEscape = false
    for character in text {
      if character == "\u{1B}" { inEscape = true } else if !inEscape { count += 1 }
      if inEscape, character == "m" { inEscape = false }
    }
    return count
  }
}
