package import DSLBase
package import Telemetry

/// A trace at a glance.
package struct TraceSummary: Sendable, Equatable {
  package var id: TraceID
  /// The service and name of its root: the span without a parent, or the one that began first when that is not there.
  package var service: String
  package var name: String
  /// Whether the root is there.
  package var hasRoot: Bool
  package var spans: Int
  package var errors: Int
  package var start: Timestamp
  package var end: Timestamp
  /// How many services took part.
  package var services: Int

  package var nanoseconds: Int64 { max(0, end.nanoseconds &- start.nanoseconds) }
}

extension SignalStore {
  /// Traces that are told apart at once: what bounds memory. The newest are kept.
  private static let traceLimit = 200_000

  /// The newest traces of which some span is wanted, the newest first.
  ///
  /// - Parameters:
  ///   - query: which spans make a trace one of those; its `limit` is of traces.
  ///   - unread: blocks that are not in the store yet.
  /// - Complexity: O(spans in the query's range).
  package func traces(
    _ query: SignalQuery, unread: [SignalBlock] = []
  ) throws(DSLError) -> [TraceSummary] {
    var collection = TraceCollection(limit: Self.traceLimit)
    // A trace may begin before the range and end in it: its spans are looked for an hour around.
    let margin = 3600.0
    try forEachBlock(
      .traces, since: query.since?.adding(seconds: -margin), until: query.until?.adding(seconds: margin),
      unread: unread
    ) { view in collection.add(view, query) }
    return collection.newest(query.limit)
  }
}

/// Traces while their spans are being counted.
private struct TraceCollection {
  private struct Trace {
    var summary: TraceSummary
    var rootStart: Int64
    var isWanted: Bool
    var services: Set<String>
  }

  private let limit: Int
  private var traces: [TraceID: Trace] = [:]

  init(limit: Int) { self.limit = limit }

  mutating func add(_ view: BlockView, _ query: SignalQuery) {
    var match = BlockMatch(query, view)
    for number in 0..<view.count {
      let record = view.record(number)
      guard let id = TraceID(high: record.traceHigh, low: record.traceLow) else { continue }
      var isWanted = match.matches(record)
      if isWanted, !query.attributes.isEmpty {
        isWanted = view.signal(number).map { match.matches($0) } ?? false
      }
      guard traces[id] != nil || traces.count < limit else { continue }
      let service = view.text(record.service)
      update(&traces[id, default: Self.new(id, record)], record, service, view, isWanted)
    }
  }

  private static func new(_ id: TraceID, _ record: PackedRecord) -> Trace {
    Trace(
      summary: TraceSummary(
        id: id, service: "", name: "", hasRoot: false, spans: 0, errors: 0,
        start: Timestamp(nanoseconds: record.time), end: Timestamp(nanoseconds: record.end), services: 0),
      rootStart: .max, isWanted: false, services: [])
  }

  private func update(
    _ trace: inout Trace, _ record: PackedRecord, _ service: String, _ view: BlockView, _ isWanted: Bool
  ) {
    trace.summary.spans += 1
    if record.status == 2 { trace.summary.errors += 1 }
    if record.time < trace.summary.start.nanoseconds {
      trace.summary.start = Timestamp(nanoseconds: record.time)
    }
    if record.end > trace.summary.end.nanoseconds { trace.summary.end = Timestamp(nanoseconds: record.end) }
    trace.services.insert(service)
    trace.isWanted = trace.isWanted || isWanted
    let isRoot = record.parent == 0
    if isRoot && !trace.summary.hasRoot || isRoot == trace.summary.hasRoot && record.time < trace.rootStart {
      trace.rootStart = record.time
      trace.summary.hasRoot = isRoot
      trace.summary.service = service
      trace.summary.name = view.text(record.name)
    }
  }

  /// The traces that began last.
  func newest(_ count: Int) -> [TraceSummary] {
    let wanted = traces.values.filter(\.isWanted).map { trace in
      var summary = trace.summary
      summary.services = trace.services.count
      return summary
    }
    return Array(
      wanted.sorted { one, other in
        one.start != other.start
          ? one.start > other.start : (one.id.high, one.id.low) < (other.id.high, other.id.low)
      }.prefix(count))
  }
}
