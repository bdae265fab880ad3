import DSLBase
import SignalStore
import Telemetry

/// A trace drawn as lines: each span below its parent, with a bar where in time it was.
struct Waterfall {
  private struct Line {
    var span: SpanRecord
    var depth: Int
  }

  /// Columns that a bar has at least, and a name at most in relation to the rest.
  private static let narrowest = 10
  private static let deepest = 40

  private let lines: [Line]
  private let width: Int
  private let start: Int64
  private let length: Int64

  /// - Parameters:
  ///   - spans: in the order they began.
  ///   - width: columns.
  init(_ spans: [SpanRecord], width: Int) {
    self.width = max(40, min(width, 400))
    start = spans.map(\.start.nanoseconds).min() ?? 0
    length = max(1, (spans.map(\.end.nanoseconds).max() ?? 0) &- start)
    lines = Self.ordered(spans)
  }

  /// Children behind their parents. Spans whose parent is not there, or that are their own ancestors, stand at the edge.
  private static func ordered(_ spans: [SpanRecord]) -> [Line] {
    let known = Set(spans.map(\.spanID))
    var children: [SpanID: [SpanRecord]] = [:]
    var roots: [SpanRecord] = []
    for span in spans {
      if let parent = span.parentSpanID, parent != span.spanID, known.contains(parent) {
        children[parent, default: []].append(span)
      } else {
        roots.append(span)
      }
    }
    var lines: [Line] = []
    var seen: Set<SpanID> = []
    func place(_ first: SpanRecord) {
      var open = [Line(span: first, depth: 0)]
      while let line = open.popLast() {
        guard seen.insert(line.span.spanID).inserted else { continue }
        lines.append(line)
        open += (children[line.span.spanID] ?? []).reversed().map { Line(span: $0, depth: line.depth + 1) }
      }
    }
    for root in roots { place(root) }
    for span in spans where !seen.contains(span.spanID) { place(span) }
    return lines
  }

  func text(_ paint: Paint) -> String {
    guard !lines.isEmpty else { return "" }
    let took = lines.map { SignalTable.duration($0.span.nanoseconds) }
    let tookWidth = took.map(\.count).max() ?? 0
    let labels = lines.map { line in
      String(repeating: "  ", count: min(line.depth, Self.deepest)) + Shown.safe(line.span.name)
        + (line.depth == 0 || line.span.origin.service != lines[0].span.origin.service
          ? " [" + Shown.safe(line.span.origin.service) + "]" : "")
    }
    let room = width - tookWidth - 3
    let labelWidth = min(labels.map(\.count).max() ?? 0, max(20, room / 2))
    let barWidth = max(Self.narrowest, room - labelWidth)
    let errors = lines.count { $0.span.status == 2 }
    var text = paint("trace \(lines[0].span.traceID)", .strong) + "  \(lines.count.counted("span")), "
    text += errors > 0 ? paint(errors.counted("error"), .bad) : "0 errors"
    text += ", \(SignalTable.duration(length))\n"
    for (number, line) in lines.enumerated() {
      let label = Shown.clipped(labels[number], labelWidth)
      let gap = String(repeating: " ", count: max(0, labelWidth - label.count))
      let padding = String(repeating: " ", count: tookWidth - took[number].count)
      let isError = line.span.status == 2
      text += (isError ? paint(label, .bad) : label) + gap + " " + padding + took[number] + " "
      text += (isError ? paint(bar(line.span, barWidth), .bad) : bar(line.span, barWidth)) + "\n"
    }
    return text
  }

  /// Where in the trace's time a span was: at least one mark.
  private func bar(_ span: SpanRecord, _ columns: Int) -> String {
    func column(_ time: Int64) -> Int {
      Int((Double(time &- start) / Double(length) * Double(columns)).rounded(.down))
    }
    let from = min(max(0, column(span.start.nanoseconds)), columns - 1)
    let to = min(max(from + 1, column(span.end.nanoseconds)), columns)
    let mark = span.status == 2 ? "!" : "="
    return String(repeating: ".", count: from) + String(repeating: mark, count: to - from)
  }
}
