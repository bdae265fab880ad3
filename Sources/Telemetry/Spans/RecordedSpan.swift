import DSLBase
import Synchronization
package import Tracing

/// A span of `SpanRecorder`. Changes after its end do nothing.
package final class RecordedSpan: Tracing.Span {
  /// Where a span goes when it ends.
  struct Place: Sendable {
    let recorder: SpanRecorder
    /// The local root that collects the spans of the trace.
    let root: SpanID
    /// The position in the order of beginning; 0 is the root.
    let sequence: Int
  }

  /// Seconds from beginning to end, by the clock that does not step; 0 until then, and for a span that is not recorded.
  package var seconds: Double { length.withLock { $0 } }
  private let length = Mutex(0.0)

  private struct Recording {
    var data: SpanData
    let place: Place
    let start: SpanStart
  }

  /// For children.
  package let context: ServiceContext
  /// Where in the trace this span is: what a link or a child process needs.
  package let traceContext: TraceContext
  private let name: Mutex<String>
  /// `nil` when the span is not recorded or has ended.
  private let recording: Mutex<Recording?>

  init(_ data: SpanData, context: ServiceContext, place: Place, _ start: SpanStart) {
    self.context = context
    traceContext = data.context
    name = Mutex(data.name)
    recording = Mutex(Recording(data: data, place: place, start: start))
  }

  init(notRecording name: String, context: ServiceContext, _ traceContext: TraceContext) {
    self.context = context
    self.traceContext = traceContext
    self.name = Mutex(name)
    recording = Mutex(nil)
  }

  /// Whether what is set ends up anywhere.
  package var isRecording: Bool { recording.withLock { $0 != nil } }

  package var operationName: String {
    get { name.withLock { $0 } }
    set {
      name.withLock { $0 = newValue }
      change { $0.data.name = newValue }
    }
  }

  package var attributes: SpanAttributes {
    get { recording.withLock { $0?.data.attributes ?? [:] } }
    set { change { $0.data.attributes = newValue } }
  }

  /// Sets an attribute. The key's type decides that of the value, so that a wrong one does not compile.
  package func set<T: SpanAttributeConvertible>(_ key: SpanAttributeKey<T>, _ value: T) {
    change { $0.data.attributes.set(key.name, value: value.toSpanAttribute()) }
  }

  /// Sets the status. `ok` is final; an error without a message keeps the one that `recordError` noted
  /// (OpenTelemetry trace API, "Set Status").
  package func setStatus(_ status: SpanStatus) {
    change { recording in
      if recording.data.status?.code == .ok { return }
      let message = status.message ?? (status.code == .error ? recording.data.status?.message : nil)
      recording.data.status = SpanStatus(code: status.code, message: message)
    }
  }

  package func addEvent(_ event: SpanEvent) {
    change { recording in
      if recording.data.events.count < recording.place.recorder.limits.events {
        recording.data.events.append(event)
      } else {
        recording.data.droppedEvents += 1
      }
    }
  }

  /// Adds an event that happens now, by the recorder's clock.
  package func event(_ name: String, _ attributes: (inout SpanAttributes) -> Void = { _ in }) {
    var values = SpanAttributes()
    attributes(&values)
    guard let now = recording.withLock({ $0.map { $0.start.now($0.place.recorder.time) } }) else { return }
    addEvent(SpanEvent(name: name, at: now, attributes: values))
  }

  package func addLink(_ link: SpanLink) {
    change { recording in
      if recording.data.links.count < recording.place.recorder.limits.links {
        recording.data.links.append(link)
      } else {
        recording.data.droppedLinks += 1
      }
    }
  }

  /// Links to a span of another trace.
  package func link(to place: TraceContext, _ attributes: (inout SpanAttributes) -> Void = { _ in }) {
    var values = SpanAttributes()
    attributes(&values)
    var linked = ServiceContext.topLevel
    linked.traceContext = place
    addLink(SpanLink(context: linked, attributes: values))
  }

  /// Notes an error: an `exception` event, `error.type`, and the message of the status. A `DSLError` is told
  /// by its code.
  package func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    let type = (error as? DSLError)?.code.rawValue ?? String(reflecting: Swift.type(of: error))
    let message = String(describing: error)
    event("exception") { values in
      values.set("exception.type", value: .string(type))
      values.set("exception.message", value: .string(message))
      values.merge(attributes)
    }
    set(.errorType, type)
    setStatus(SpanStatus(code: .error, message: message))
  }

  /// Ends the span; the second call does nothing.
  package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    let ended = recording.withLock { recording in
      defer { recording = nil }
      return recording
    }
    guard var ended else { return }
    ended.data.end = ended.start.end(instant, time: ended.place.recorder.time)
    length.withLock { $0 = Double(ended.data.end &- ended.data.start) / 1e9 }
    ended.place.recorder.finish(ended.data, ended.place)
  }

  private func change(_ body: (inout Recording) -> Void) {
    recording.withLock { recording in
      guard var current = recording.take() else { return }
      body(&current)
      recording = current
    }
  }
}
