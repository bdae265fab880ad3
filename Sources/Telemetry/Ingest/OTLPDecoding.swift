/// How OTLP bodies are encoded.
package enum OTLPEncoding: Sendable {
  case json, protobuf

  /// The content type, without parameters.
  package var contentType: String {
    switch self {
    case .json: "application/json"
    case .protobuf: "application/x-protobuf"
    }
  }
}

/// What became of the records of a request.
package struct DecodedRequest: Sendable {
  /// The records that can be kept; `nil` when there are none.
  package var block: SignalBlock?
  /// Records that cannot.
  package var refused: Int
  /// Why the first of these cannot.
  package var reason: String?
}

/// Export requests of OTLP, from bytes to packed records.
package enum OTLPDecoding {
  /// Records that one request may have: what bounds memory, as the smallest log record takes 2 bytes of JSON.
  package static let recordLimit = 500_000

  /// Bytes that are put behind a body: one that has so much capacity left is not copied for it.
  package static var padding: Int { TextSlice.padding }

  /// The reason of a fault that means "send less at once".
  package static var tooManyRecords: String { OTLPJSONDecoder.tooMany }

  /// Decodes an export request.
  ///
  /// Nothing of a body that is not what it should be is kept. Single records that lack what they need, an id or a time, are
  /// refused and counted.
  ///
  /// - Parameters:
  ///   - body: not compressed; zeros are put behind it.
  ///   - seed: makes the places in the table of texts unforeseeable.
  /// - Throws: what is wrong with the body, and where.
  package static func decode(
    _ signal: OTLPSignal, _ encoding: OTLPEncoding, _ body: consuming [UInt8], seed: UInt64,
    recordLimit: Int = recordLimit
  ) throws(DecodingFault) -> DecodedRequest {
    let count = body.count
    body.append(contentsOf: repeatElement(0, count: TextSlice.padding))
    let result: Result<DecodedRequest, DecodingFault> = body.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return .success(DecodedRequest(refused: 0)) }
      do throws(DecodingFault) {
        switch encoding {
        case .json:
          return .success(try json(signal, base, count, seed, recordLimit))
        case .protobuf:
          return .success(try protobuf(signal, base, count, seed, recordLimit))
        }
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func json(
    _ signal: OTLPSignal, _ base: UnsafePointer<UInt8>, _ count: Int, _ seed: UInt64, _ recordLimit: Int
  ) throws(DecodingFault) -> DecodedRequest {
    var decoder = OTLPJSONDecoder(base, count: count, signal: signal, recordLimit: recordLimit, seed: seed)
    try decoder.request(signal)
    return decoder.finished()
  }

  private static func protobuf(
    _ signal: OTLPSignal, _ base: UnsafePointer<UInt8>, _ count: Int, _ seed: UInt64, _ recordLimit: Int
  ) throws(DecodingFault) -> DecodedRequest {
    var decoder = OTLPProtobufDecoder(
      base, count: count, signal: signal, recordLimit: recordLimit, seed: seed)
    try decoder.request(signal)
    return decoder.finished()
  }
}

extension OTLPJSONDecoder {
  /// What was decoded.
  consuming func finished() -> DecodedRequest { builder.finished() }
}

extension OTLPProtobufDecoder {
  /// What was decoded.
  consuming func finished() -> DecodedRequest { builder.finished() }
}

extension BlockBuilder {
  fileprivate consuming func finished() -> DecodedRequest {
    let (refused, reason) = (refused, firstReason)
    return DecodedRequest(block: block(), refused: refused, reason: reason?.description)
  }
}
