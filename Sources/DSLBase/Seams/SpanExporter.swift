/// Where finished traces go.
public protocol SpanExporter: Sendable {
  /// Takes one OTLP `TracesData` object, as JSON on one line without its line feed.
  ///
  /// - Throws: when it could not be handed on. The caller counts it and goes on: telemetry never stops the loop.
  func export(_ line: [UInt8]) throws
}
