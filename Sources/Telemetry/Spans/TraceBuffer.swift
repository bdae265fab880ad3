/// The spans of one trace below one local root, until they leave as one line. Pure: the recorder does the
/// locking.
struct TraceBuffer {
  /// Spans begun and not ended, the root included.
  private(set) var open = 1
  /// Encoded spans with their order of beginning.
  private(set) var finished: [(sequence: Int, span: [UInt8])] = []
  /// The number of spans begun so far.
  private var begun = 1
  private(set) var rootEnded = false
  /// Spans of this trace that were dropped.
  private(set) var dropped = 0

  /// Notes that a child begins.
  ///
  /// - Returns: its place in the order.
  mutating func begin() -> Int {
    open += 1
    begun += 1
    return begun - 1
  }

  /// Notes that a span ended. A span that is `nil` was dropped.
  mutating func end(sequence: Int, _ span: [UInt8]?) {
    open -= 1
    if sequence == 0 { rootEnded = true }
    if let span { finished.append((sequence, span)) } else { dropped += 1 }
  }

  /// Whether the spans should leave now: when the root has ended, and then again when the last late one has.
  func isDue(afterRoot: Bool) -> Bool { !finished.isEmpty && (afterRoot || (rootEnded && open == 0)) }

  /// Takes the finished spans out, in the order they began.
  mutating func take() -> [[UInt8]] {
    defer { finished = [] }
    return finished.sorted { $0.sequence < $1.sequence }.map(\.span)
  }
}
