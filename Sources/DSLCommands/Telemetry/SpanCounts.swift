import Coordination
import DSLBase
import Telemetry

/// How many spans of each name the span files hold.
struct SpanCounts {
  /// Lines that are read, the newest first.
  private static let lineLimit = 10_000
  /// Names that are counted one by one.
  private static let nameLimit = 200

  /// Name → number, by name; `null` when a file that is there cannot be read.
  private(set) var data = JSONValue.null
  /// What a reader should know, a sentence each.
  private(set) var warnings: [String] = []

  /// Counts.
  ///
  /// - Parameter keep: rotated files that may be there.
  init(_ directory: CoordinationDirectory, keep: Int) {
    var numbers: [String: Int] = [:]
    var passedOver = 0
    let archive = SpanArchive(files: directory.files, path: directory.spans, keep: keep)
    let summary: SpanArchive.Summary
    do {
      summary = try archive.read(limit: Self.lineLimit) { spans in
        for span in spans {
          if numbers[span.name] == nil, numbers.count >= Self.nameLimit {
            passedOver += 1
          } else {
            numbers[span.name, default: 0] += 1
          }
        }
        return true
      }
    } catch {
      warnings.append("spans cannot be counted: \(error)")
      return
    }
    var object = JSONObject()
    for (name, count) in numbers.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      object[name] = .int(count)
    }
    data = .object(object)
    if summary.truncated { warnings.append("only the newest \(summary.lines) lines of spans are counted") }
    if summary.unreadable > 0 { warnings.append("\(summary.unreadable) lines of spans cannot be read") }
    if passedOver > 0 {
      warnings.append("\(passedOver) spans under more than \(Self.nameLimit) names are not counted")
    }
  }
}
