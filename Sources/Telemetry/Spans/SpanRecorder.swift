package import DSLBase
import Synchronization
package import Tracing

/// The tracer: begins spans, collects those of a trace, and exports each trace as one OTLP/JSON line when its
/// root ends.
///
/// It is passed on explicitly; nothing is bootstrapped globally, so two of them can run in one process and a
/// test sees only its own spans. A span's parent is that of the current task, or the one of the context
/// given, or `parent`. A child that outlives its root leaves on a line of its own. What cannot be exported is
/// counted, never thrown: telemetry does not stop the loop.
package final class SpanRecorder: Tracer, Sendable {
  /// What became of the spans so far.
  package struct Statistics: Sendable, Equatable {
    /// Spans that were handed to the exporter.
    package var exported = 0
    /// Spans lost because `SpanLimits` were reached.
    package var dropped = 0
    /// Spans lost because the exporter failed.
    package var failed = 0
    /// Lines handed to the exporter.
    package var lines = 0
    /// What the exporter said last, if it failed.
    package var lastError: String?
  }

  /// What the spans say of this process.
  package let resource: Resource
  /// Where the process that started this one was in its trace.
  package let parent: TraceContext?
  let limits: SpanLimits
  let time: any TimeSource
  private let exporter: any SpanExporter
  private let sampler: Sampler
  private let state: Mutex<SpanLedger>

  /// A tracer.
  ///
  /// - Parameters:
  ///   - resource: what the spans say of this process.
  ///   - exporter: where lines go; called on whatever thread ends a root.
  ///   - time: the clocks of the spans.
  ///   - seed: where ids come from: the same seed gives the same ids, so it must be random outside of tests.
  ///   - parent: a trace to continue, from `TraceContext(environment:)`.
  ///   - sampler: decides on traces that begin here.
  ///   - limits: bounds of what is kept.
  package init(
    resource: Resource, exporter: any SpanExporter, time: any TimeSource, seed: UInt64,
    parent: TraceContext? = nil,
    sampler: Sampler = .always, limits: SpanLimits = SpanLimits()
  ) {
    self.resource = resource
    self.exporter = exporter
    self.time = time
    self.parent = parent
    self.sampler = sampler
    self.limits = limits
    state = Mutex(SpanLedger(ids: SplitMix64(seed: seed)))
  }

  /// A tracer by the name of the service, as `service.name`.
  package convenience init(
    serviceName: String, attributes: [(key: String, value: String)] = [], exporter: any SpanExporter,
    time: any TimeSource, seed: UInt64, parent: TraceContext? = nil
  ) {
    self.init(
      resource: Resource(service: serviceName, attributes: attributes), exporter: exporter, time: time,
      seed: seed,
      parent: parent)
  }

  /// What became of the spans so far.
  package var statistics: Statistics { state.withLock { $0.statistics } }

  /// Begins a span. Without an explicit `instant` the time is what `time` says, see `SpanStart`.
  package func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> RecordedSpan {
    var context = context()
    let above = context.traceContext ?? (context[NewTraceKey.self] == true ? nil : parent)
    context[NewTraceKey.self] = nil
    let start = SpanStart(instant, time: time)
    let (here, root, sequence) = state.withLock {
      $0.begin(below: above, context[LocalRootKey.self], sampler, limits)
    }
    context.traceContext = here
    context[LocalRootKey.self] = root
    guard let root else { return RecordedSpan(notRecording: operationName, context: context, here) }
    let data = SpanData(
      name: operationName, kind: kind, context: here, parent: above, start: start.wall, end: start.wall)
    return RecordedSpan(
      data, context: context, place: .init(recorder: self, root: root, sequence: sequence), start)
  }

  /// Exports the spans that have ended, of all traces: at the end of the process.
  package func flush() {
    let pending = state.withLock { state in
      state.pending.map { root in state.take(root) }
    }
    for spans in pending { export(spans) }
  }

  /// As `flush`, for swift-distributed-tracing.
  package func forceFlush() { flush() }

  /// Reads trace context and baggage from a carrier, W3C names.
  package func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    W3CPropagation.extract(carrier, into: &context, using: extractor)
  }

  /// Writes trace context and baggage to a carrier, W3C names.
  package func inject<Carrier, Inject: Injector>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    W3CPropagation.inject(context, into: &carrier, using: injector)
  }

  /// Takes a span that ended; called once a span.
  func finish(_ span: SpanData, _ place: RecordedSpan.Place) {
    var span = span
    if place.sequence == 0 {
      let dropped = state.withLock { $0.traces[place.root]?.dropped ?? 0 }
      if dropped > 0 {
        span.attributes.set(SpanAttributeKey<Int>.droppedSpans.name, value: .int64(Int64(dropped)))
      }
    }
    let encoded = OTLPWriter.span(span, limits: limits)
    let due = state.withLock { $0.end(encoded, place.root, place.sequence, limits) }
    if !due.isEmpty { export(due) }
  }

  private func export(_ spans: [[UInt8]]) {
    do {
      let line = OTLPWriter.line(resource: resource, spans: spans, limits: limits)
      try exporter.export(line, spans: spans.count)
      state.withLock {
        $0.statistics.exported += spans.count
        $0.statistics.lines += 1
      }
    } catch {
      state.withLock {
        $0.statistics.failed += spans.count
        $0.statistics.lastError = String(describing: error)
      }
    }
  }
}
