/// The three kinds of telemetry that OTLP carries.
package enum OTLPSignal: String, Sendable, CaseIterable {
  case traces
  case metrics
  case logs
}

/// One OTLP/HTTP export request, as it came off the wire.
package struct OTLPRequest: Sendable {
  /// What the path said: `/v1/traces`, `/v1/metrics` or `/v1/logs`.
  package var signal: OTLPSignal
  /// The `Content-Type` header, parameters included.
  package var contentType: String?
  /// The `Content-Encoding` header.
  package var contentEncoding: String?
  /// The body, still encoded; its size is already bounded by the server.
  package var body: [UInt8]

  package init(signal: OTLPSignal, contentType: String?, contentEncoding: String?, body: [UInt8]) {
    self.signal = signal
    self.contentType = contentType
    self.contentEncoding = contentEncoding
    self.body = body
  }
}

/// What the sender is told.
package struct OTLPReply: Sendable, Equatable {
  /// The HTTP status.
  package var status: Int
  /// The `Content-Type` of `body`: the request's own.
  package var contentType: String
  /// An `Export…ServiceResponse`, or a `google.rpc.Status` when the status is an error.
  package var body: [UInt8]
  /// Seconds for a `Retry-After` header, with 429 and 503.
  package var retryAfterSeconds: Int?

  package init(status: Int, contentType: String, body: [UInt8], retryAfterSeconds: Int? = nil) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.retryAfterSeconds = retryAfterSeconds
  }
}

/// The seam between the HTTP server and what stores telemetry.
package protocol OTLPReceiving: Sendable {
  /// Decodes and stores a request, and says what to answer. Never throws: whatever is wrong is in the reply.
  func receive(_ request: OTLPRequest) async -> OTLPReply
}
