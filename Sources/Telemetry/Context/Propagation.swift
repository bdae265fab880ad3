package import Tracing

/// Where in a trace the current task is.
enum TraceContextKey: ServiceContextKey {
  typealias Value = TraceContext
}

/// Which local root a span belongs to, so that its children end up on the same line.
enum LocalRootKey: ServiceContextKey {
  typealias Value = SpanID
}

/// Whether a span begins a trace of its own, whatever trace this process was started in.
enum NewTraceKey: ServiceContextKey {
  typealias Value = Bool
}

/// The `baggage` that came in, passed on as it is.
enum BaggageKey: ServiceContextKey {
  typealias Value = String
}

extension ServiceContext {
  /// Where in a trace this context is.
  package var traceContext: TraceContext? {
    get { self[TraceContextKey.self] }
    set {
      self[TraceContextKey.self] = newValue
      self[LocalRootKey.self] = nil
    }
  }

  /// W3C baggage, passed on to children as it came in.
  package var baggage: String? {
    get { self[BaggageKey.self] }
    set { self[BaggageKey.self] = newValue }
  }
}

/// Reads trace context from an environment: `traceparent` is in `TRACEPARENT`, and so on.
///
/// The names are those of the OpenTelemetry specification, `context/env-carriers.md`: upper case, and an
/// underscore for everything that is neither letter nor digit.
package struct EnvironmentCarrier: Extractor, Injector {
  package init() {}

  package func extract(key: String, from carrier: [String: String]) -> String? {
    carrier[Self.variable(key)].flatMap { $0.isEmpty ? nil : $0 }
  }

  package func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
    carrier[Self.variable(key)] = value
  }

  private static func variable(_ key: String) -> String {
    String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}

extension TraceContext {
  /// The context that a process was started with, from `TRACEPARENT` and `TRACESTATE`.
  package init?(environment: [String: String]) {
    guard let parent = environment["TRACEPARENT"] else { return nil }
    self.init(traceparent: parent, tracestate: environment["TRACESTATE"])
  }

  /// What a child process needs in its environment to continue from here, in a fixed order.
  package var environment: [(name: String, value: String)] {
    [("TRACEPARENT", traceparent)] + (state.text.isEmpty ? [] : [("TRACESTATE", state.text)])
  }
}

/// W3C propagation shared by everything that is an `Instrument`.
enum W3CPropagation {
  /// The recommendation on baggage asks for at least this many bytes to be passed on; more is dropped.
  static let baggageLimit = 8192

  static func extract<E: Extractor>(
    _ carrier: E.Carrier, into context: inout ServiceContext, using extractor: E
  ) {
    if let text = extractor.extract(key: "traceparent", from: carrier) {
      let state = extractor.extract(key: "tracestate", from: carrier)
      if let parent = TraceContext(traceparent: text, tracestate: state) { context.traceContext = parent }
    }
    let baggage = extractor.extract(key: "baggage", from: carrier)
    if let baggage, baggage.utf8.count <= baggageLimit,
      baggage.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
    {
      context.baggage = baggage
    }
  }

  static func inject<I: Injector>(_ context: ServiceContext, into carrier: inout I.Carrier, using injector: I)
  {
    if let place = context.traceContext {
      injector.inject(place.traceparent, forKey: "traceparent", into: &carrier)
      if !place.state.text.isEmpty { injector.inject(place.state.text, forKey: "tracestate", into: &carrier) }
    }
    if let baggage = context.baggage { injector.inject(baggage, forKey: "baggage", into: &carrier) }
  }
}
