import Coordination
package import DSLBase
import GRDB
package import Telemetry

extension SignalStore {
  /// The newest records that a query wants, the newest first.
  ///
  /// - Parameter unread: blocks that are not in the store yet, such as what `SignalFiles` found.
  /// - Throws: `corrupt`, `io`.
  /// - Complexity: O(records of the segments whose times overlap the query's); one segment in memory at a time.
  package func records(
    _ query: SignalQuery, unread: [SignalBlock] = []
  ) throws(DSLError) -> [SignalRecord] {
    var newest = NewestRecords(limit: query.limit)
    for block in unread where block.signal == query.signal && Self.overlaps(block, query) {
      block.withView { newest.add($0, query) }
    }
    _ = try store.read { db in
      // What is in a segment is seen only when it could be new enough, so the newest come first.
      try db.forEach(
        """
        SELECT latest, traces, idx, details FROM segments
        WHERE signal=? AND latest>=? AND earliest<? ORDER BY latest DESC
        """, Int(query.signal.number), query.since?.nanoseconds ?? .min, query.until?.nanoseconds ?? .max
      ) { row in
        guard row.int(0) >= newest.threshold else { return false }
        if let trace = query.trace, !row.mayHave(trace, column: 1) { return true }
        row.forEachBlock(index: 2, details: 3) { view in
          if view.latest >= newest.threshold { newest.add(view, query) }
        }
        return true
      }
    }
    return newest.records
  }

  /// Records of a query in segments that were stored after one, oldest first, and the last segment now.
  ///
  /// For following what arrives: segments that were joined since may be handed out again.
  package func records(
    _ query: SignalQuery, after segment: Int64
  ) throws(DSLError) -> (records: [SignalRecord], last: Int64) {
    var newest = NewestRecords(limit: query.limit)
    var last = segment
    _ = try store.read { db in
      try db.forEach(
        "SELECT id, idx, details FROM segments WHERE id>? AND signal=? ORDER BY id", segment,
        Int(query.signal.number)
      ) { row in
        last = row.int(0)
        row.forEachBlock(index: 1, details: 2) { newest.add($0, query) }
        return true
      }
    }
    return (newest.records.reversed(), last)
  }

  /// The segment that was stored last; 0 when there is none.
  package func lastSegment() throws(DSLError) -> Int64 {
    try store.read { db in try db.first("SELECT max(id) FROM segments") { $0.int(0) } ?? 0 } ?? 0
  }

  /// All spans of a trace, in the order they began, and its log records by time.
  ///
  /// - Parameter limit: the most of each.
  package func trace(
    _ id: TraceID, unread: [SignalBlock] = [], limit: Int = 100_000
  ) throws(DSLError) -> (spans: [SpanRecord], logs: [LogSignal]) {
    var spans = SignalQuery(.traces)
    (spans.trace, spans.limit) = (id, limit)
    var logs = SignalQuery(.logs)
    (logs.trace, logs.limit) = (id, limit)
    let found = try records(spans, unread: unread).compactMap { record in
      if case .span(let span) = record { span } else { nil }
    }
    let written = try records(logs, unread: unread).compactMap { record in
      if case .log(let log) = record { log } else { nil }
    }
    return (Self.inOrder(found), written.reversed())
  }

  /// A span that was sent twice counts once.
  private static func inOrder(_ spans: [SpanRecord]) -> [SpanRecord] {
    var seen: Set<SpanID> = []
    return spans.sorted { ($0.start, $1.end) < ($1.start, $0.end) }.filter { seen.insert($0.spanID).inserted }
  }

  /// The names of all services that spans came from since a time, in order.
  package func services(since: Timestamp?, unread: [SignalBlock] = []) throws(DSLError) -> [String] {
    var names: Set<String> = []
    try forEachBlock(.traces, since: since, until: nil, unread: unread) { view in
      var seen: Set<UInt32> = []
      for number in 0..<view.count where seen.insert(view.record(number).service).inserted {
        names.insert(view.text(view.record(number).service))
      }
    }
    return names.sorted()
  }

  /// Looks at the blocks whose times overlap a range, the newest first.
  func forEachBlock(
    _ signal: OTLPSignal, since: Timestamp?, until: Timestamp?, unread: [SignalBlock],
    _ body: (BlockView) -> Void
  ) throws(DSLError) {
    var query = SignalQuery(signal)
    (query.since, query.until) = (since, until)
    for block in unread where block.signal == signal && Self.overlaps(block, query) {
      block.withView { body($0) }
    }
    _ = try store.read { db in
      try db.forEach(
        """
        SELECT idx, details FROM segments WHERE signal=? AND latest>=? AND earliest<? ORDER BY latest DESC
        """, Int(signal.number), since?.nanoseconds ?? .min, until?.nanoseconds ?? .max
      ) { row in
        row.forEachBlock(index: 0, details: 1) { view in
          if view.latest >= since?.nanoseconds ?? .min, view.earliest < until?.nanoseconds ?? .max {
            body(view)
          }
        }
        return true
      }
    }
  }

  private static func overlaps(_ block: SignalBlock, _ query: SignalQuery) -> Bool {
    block.latest >= query.since?.nanoseconds ?? .min && block.earliest < query.until?.nanoseconds ?? .max
  }
}

extension SQLColumns {
  /// The blocks in two columns of the row, where they are.
  func forEachBlock(index: Int32, details: Int32, _ body: (BlockView) -> Void) {
    withBlob(index) { index in
      withBlob(details) { details in _ = BlockView.forEach(index: index, details: details, body) }
    }
  }

  /// Whether a segment may have a part of a trace.
  fileprivate func mayHave(_ trace: TraceID, column: Int32) -> Bool {
    withBlob(column) { TraceFilter(bytes: $0)?.contains(trace) ?? true }
  }
}
