import DSLBase

/// The recorder's books: ids, open traces and counts. Pure: the recorder does the locking, encoding and
/// exporting.
struct SpanLedger {
  var ids: SplitMix64
  private(set) var traces: [SpanID: TraceBuffer] = [:]
  /// Finished spans that have not left, over all traces.
  private(set) var buffered = 0
  var statistics = SpanRecorder.Statistics()

  init(ids: SplitMix64) { self.ids = ids }

  /// The local roots of traces with finished spans, in a fixed order.
  var pending: [SpanID] { traces.filter { !$0.value.finished.isEmpty }.keys.sorted { $0.value < $1.value } }

  /// Gives a new span its ids, and its place in the trace: none when it is not recorded.
  mutating func begin(
    below parent: TraceContext?, _ root: SpanID?, _ sampler: Sampler, _ limits: SpanLimits
  ) -> (TraceContext, root: SpanID?, sequence: Int) {
    let span = SpanID(using: &ids)
    let here: TraceContext
    if let parent {
      here = TraceContext(traceID: parent.traceID, spanID: span, flags: parent.flags, state: parent.state)
    } else {
      let trace = TraceID(using: &ids)
      here = TraceContext(
        traceID: trace, spanID: span, flags: sampler.samples(trace) ? TraceContext.sampledFlag : 0)
    }
    guard here.isSampled else { return (here, nil, 0) }
    if let root, traces[root] != nil {
      return (here, root, traces[root]?.begin() ?? 0)
    }
    guard traces.count < limits.openTraces else {
      statistics.dropped += 1
      return (here, nil, 0)
    }
    traces[span] = TraceBuffer()
    return (here, span, 0)
  }

  /// Files a finished span.
  ///
  /// - Returns: the spans to export now, if any.
  mutating func end(
    _ span: [UInt8], _ root: SpanID, _ sequence: Int, _ limits: SpanLimits
  ) -> [[UInt8]] {
    guard var buffer = traces[root] else { return [] }
    let fits = sequence == 0 || buffered < limits.bufferedSpans
    buffer.end(sequence: sequence, fits ? span : nil)
    if fits { buffered += 1 } else { statistics.dropped += 1 }
    let due = buffer.isDue(afterRoot: sequence == 0)
    traces[root] = buffer
    if due { return take(root) }
    if buffer.rootEnded, buffer.open == 0 { traces[root] = nil }
    return []
  }

  /// Takes the finished spans of a trace out; forgets the trace when none of its spans is open.
  mutating func take(_ root: SpanID) -> [[UInt8]] {
    guard var buffer = traces[root] else { return [] }
    let spans = buffer.take()
    buffered -= spans.count
    traces[root] = buffer.open > 0 ? buffer : nil
    return spans
  }
}
