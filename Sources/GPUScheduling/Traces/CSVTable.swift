import DSLBase

/// Rows of a comma separated file with a header line. Quotes are not part of the formats read here.
package struct CSVTable: Sendable {
  /// Shown in errors.
  let name: String
  let columns: [String: Int]
  /// Cells by row; `lines` has each row's line in the file.
  let rows: [[Substring]]
  let lines: [Int]

  /// - Throws: `invalidInput` naming the line of a row that has fewer or more cells than the header.
  package init(_ text: String, name: String) throws {
    var (rows, lines): ([[Substring]], [Int]) = ([], [])
    var header: [Substring] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      guard !line.isEmpty else { continue }
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      if header.isEmpty {
        header = cells
        continue
      }
      guard cells.count == header.count else {
        throw DSLError(
          .invalidInput, "\(name):\(index + 1): \(cells.count) cells, the header has \(header.count)",
          fix: "give every row a cell for each column")
      }
      rows.append(cells)
      lines.append(index + 1)
    }
    self.name = name
    self.rows = rows
    self.lines = lines
    columns = Dictionary(
      header.enumerated().map { (String($0.element), $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// The cell of a column that must be there.
  func text(_ row: Int, _ column: String) throws -> Substring {
    guard let text = optional(row, column) else {
      throw DSLError(
        .invalidInput, "\(name): there is no column \(column)",
        fix: "name the columns in the first line: \(columns.keys.sorted().joined(separator: ", ")) are there")
    }
    return text
  }

  /// The cell of a column that may be missing.
  func optional(_ row: Int, _ column: String) -> Substring? { columns[column].map { rows[row][$0] } }

  /// A whole number in a range.
  func integer<Value: FixedWidthInteger>(_ row: Int, _ column: String, _ range: ClosedRange<Value>) throws
    -> Value
  {
    let text = try text(row, column)
    guard let value = Value(text), range.contains(value) else {
      throw DSLError(
        .invalidInput,
        "\(name):\(lines[row]): \(column) is \"\(text)\", expected a whole number from \(range.lowerBound) to \(range.upperBound)"
      )
    }
    return value
  }
}
