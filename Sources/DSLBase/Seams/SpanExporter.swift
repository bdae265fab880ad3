/// Where finished traces go.
public protocol SpanExporter: Sendable {
  /// Takes one OTLP `TracesData` object, as JSON on one line without its line feed.
  ///
  /// - Throws: when it could not be handed on. The caller counts it and goes on: telemetry never stops the loop.
  func export(_ line: [UInt8]) throws
  /// As `export(_:)`, for those that want to know how many spans are in the line.
  func export(_ line: [UInt8], spans: Int) throws
}

extension SpanExporter {
  /// Does not care how many spans there are.
  public func export(_ line: [UInt8], spans: Int) throws { try export(line) }
}
