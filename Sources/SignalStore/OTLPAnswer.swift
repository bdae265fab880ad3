import DSLBase
import Telemetry

/// What was received since the start.
package struct ReceiverCounts: Sendable, Equatable {
  /// Of one kind of telemetry.
  package struct Kind: Sendable, Equatable {
    /// Records that were stored, and refused.
    package var stored = 0
    package var refused = 0
    /// Requests by the class of their status: answered, not understood, told to come again, failed.
    package var ok = 0
    package var bad = 0
    package var busy = 0
    package var failed = 0
  }

  package private(set) var traces = Kind()
  package private(set) var metrics = Kind()
  package private(set) var logs = Kind()

  mutating func note(_ signal: OTLPSignal, _ answer: inout OTLPAnswer) {
    switch signal {
    case .traces: Self.note(&traces, answer)
    case .metrics: Self.note(&metrics, answer)
    case .logs: Self.note(&logs, answer)
    }
  }

  private static func note(_ kind: inout Kind, _ answer: OTLPAnswer) {
    switch answer.outcome {
    case .success(let stored, let refused, _):
      kind.ok += 1
      kind.stored += stored
      kind.refused += refused
    case .failure(let status, _, _, let refused):
      kind.refused += refused
      if status == 429 {
        kind.busy += 1
      } else if status < 500 {
        kind.bad += 1
      } else {
        kind.failed += 1
      }
    }
  }
}

/// What a sender is told, before it is put in the encoding of its request.
struct OTLPAnswer: Sendable {
  /// Of `google.rpc.Code`.
  enum Code: Int, Sendable {
    case invalidArgument = 3, resourceExhausted = 8, `internal` = 13, unavailable = 14
  }

  enum Outcome: Sendable {
    case success(stored: Int, refused: Int, reason: String?)
    case failure(status: Int, code: Code, message: String, refused: Int)
  }

  var outcome: Outcome
  var retryAfter: Int?

  static func success(stored: Int, refused: Int, reason: String?) -> OTLPAnswer {
    OTLPAnswer(outcome: .success(stored: stored, refused: refused, reason: reason))
  }

  static func failure(
    _ status: Int, _ code: Code, _ message: String, refused: Int = 0, retryAfter: Int? = nil
  ) -> OTLPAnswer {
    OTLPAnswer(
      outcome: .failure(status: status, code: code, message: message, refused: refused),
      retryAfter: retryAfter)
  }

  /// In the encoding of the request.
  func reply(_ signal: OTLPSignal, _ encoding: OTLPEncoding) -> OTLPReply {
    let content =
      switch encoding {
      case .json: Array(json(signal).utf8)
      case .protobuf: protobuf()
      }
    let status = if case .failure(let status, _, _, _) = outcome { status } else { 200 }
    return OTLPReply(
      status: status, contentType: encoding.contentType, body: content, retryAfterSeconds: retryAfter)
  }

  private func json(_ signal: OTLPSignal) -> String {
    switch outcome {
    case .success(_, 0, _): "{}"
    case .success(_, let refused, let reason):
      JSONValue.object([
        "partialSuccess": [
          Self.member(signal): .string("\(refused)"), "errorMessage": .string(reason ?? ""),
        ]
      ]).text()
    case .failure(_, let code, let message, _):
      JSONValue.object(["code": .int(code.rawValue), "message": .string(message)]).text()
    }
  }

  private static func member(_ signal: OTLPSignal) -> String {
    switch signal {
    case .traces: "rejectedSpans"
    case .metrics: "rejectedDataPoints"
    case .logs: "rejectedLogRecords"
    }
  }

  /// `Export…ServiceResponse` with its `partial_success` (1: count 1, message 2), or `google.rpc.Status` (code 1, message 2):
  /// both have a number and a text.
  private func protobuf() -> [UInt8] {
    switch outcome {
    case .success(_, 0, _): return []
    case .success(_, let refused, let reason):
      let inner = Self.message(refused, reason ?? "")
      return [0x0A] + Self.varint(inner.count) + inner
    case .failure(_, let code, let message, _): return Self.message(code.rawValue, message)
    }
  }

  private static func message(_ number: Int, _ text: String) -> [UInt8] {
    [0x08] + varint(number) + [0x12] + varint(text.utf8.count) + Array(text.utf8)
  }

  private static func varint(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
