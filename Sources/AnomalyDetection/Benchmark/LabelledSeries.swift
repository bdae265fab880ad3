package import DSLBase

/// A series of numbers in which people have marked what is anomalous, as the Numenta Anomaly Benchmark has them.
package struct LabelledSeries: Sendable {
  package let name: String
  package let values: [Double]
  /// The marked stretches as indices into `values`, in order.
  package let windows: [ClosedRange<Int>]

  package init(name: String, values: [Double], windows: [ClosedRange<Int>]) {
    self.name = name
    self.values = values
    self.windows = windows
  }

  /// Reads a file of the corpus: a header, then lines of `timestamp,value`.
  ///
  /// - Parameter windows: pairs of timestamps, first and last row of each stretch, as `combined_windows.json` has them.
  /// - Throws: `DSLError` `.invalidInput`, naming file and line, for a row that is not a time and a finite number, and for
  ///   a window whose ends are no rows of the file.
  package init(name: String, csv: String, windows: [(String, String)]) throws(DSLError) {
    var values: [Double] = []
    var rows: [Timestamp: Int] = [:]
    for (index, line) in csv.split(whereSeparator: \.isNewline).dropFirst().enumerated() {
      let cells = line.split(separator: ",")
      guard cells.count == 2, let time = Timestamp.parse(String(cells[0]))?.time,
        let value = Double(cells[1]),
        value.isFinite
      else {
        throw DSLError(
          .invalidInput, "\(name), line \(index + 2): expected a time and a number, found \"\(line)\"")
      }
      // Where clocks went back a time comes twice; the benchmark takes the first.
      if rows[time] == nil { rows[time] = index }
      values.append(value)
    }
    var ranges: [ClosedRange<Int>] = []
    for (start, end) in windows {
      guard let first = Timestamp.parse(start).flatMap({ rows[$0.time] }),
        let last = Timestamp.parse(end).flatMap({ rows[$0.time] }), first <= last
      else {
        throw DSLError(
          .invalidInput, "\(name): no rows from \(start) to \(end), where its labels have a window")
      }
      ranges.append(first...last)
    }
    self.init(name: name, values: values, windows: ranges)
  }

  /// Rows at the beginning on which nothing is scored: 15 %, at most 750.
  package var probation: Int { min(values.count * 15 / 100, 750) }

  /// Reads a corpus.
  ///
  /// - Parameters:
  ///   - labels: file → list of `[start, end]`, as `combined_windows.json` has them.
  ///   - text: the text of a file named there.
  /// - Throws: `DSLError` `.invalidInput` for labels of another shape and for files that are not as their labels say, and
  ///   what `text` throws.
  package static func corpus(
    labels: JSONValue, text: (String) throws -> String
  ) throws -> [LabelledSeries] {
    guard let files = labels.object else {
      throw DSLError(.invalidInput, "labels: expected an object of files, found \(labels.kind)")
    }
    return try files.sorted { $0.key < $1.key }.map { file in
      let windows = try (file.value.array ?? []).map { pair in
        guard let ends = pair.array, ends.count == 2, let start = ends[0].string, let end = ends[1].string
        else {
          throw DSLError(
            .invalidInput, "labels of \(file.key): expected pairs of times, found \(pair.text())")
        }
        return (start, end)
      }
      return try LabelledSeries(name: file.key, csv: text(file.key), windows: windows)
    }
  }
}
