package import Coordination
package import DSLBase
import Synchronization
package import Telemetry

/// What the receiver takes in, and how much of it at once.
package struct ReceiverLimits: Sendable, Equatable {
  /// Bytes of a body, compressed or not.
  package var body = 64 << 20
  /// Bytes of all requests that wait to be decoded or stored. One request alone is taken whatever its size.
  package var pending = 96 << 20
  /// Records of one request.
  package var records = OTLPDecoding.recordLimit

  package init() {}
}

/// Receives OTLP/HTTP requests and stores what is in them (opentelemetry-proto, docs/specification.md, "OTLP/HTTP").
///
/// A reply of 200 is given when the records are in the store. What waits is bounded: beyond that a sender is told to come
/// again (429).
package final class OTLPReceiver: OTLPReceiving {
  private let limits: ReceiverLimits
  private let writer: SignalWriter
  private let counts = Mutex(ReceiverCounts())
  private let seeds: Mutex<SplitMix64>

  /// A receiver for a directory's store, which is created when it does not exist.
  ///
  /// - Parameters:
  ///   - retention: kept up while requests come.
  ///   - seed: makes the places of texts in tables unforeseeable for senders.
  /// - Throws: as `SignalStore.init`.
  package init(
    directory: CoordinationDirectory, time: any TimeSource, retention: SignalRetention = SignalRetention(),
    limits: ReceiverLimits = ReceiverLimits(), seed: UInt64
  ) throws(DSLError) {
    self.limits = limits
    seeds = Mutex(SplitMix64(seed: seed))
    writer = try SignalWriter(directory: directory, time: time, retention: retention, pending: limits.pending)
  }

  /// Bytes that requests hold at the moment.
  var held: Int { writer.held }
  /// What was received since the start.
  package var received: ReceiverCounts { counts.withLock { $0 } }

  package func receive(_ request: OTLPRequest) async -> OTLPReply {
    let encoding = Self.encoding(request.contentType)
    var answer = await self.answer(request, encoding)
    counts.withLock { $0.note(request.signal, &answer) }
    return answer.reply(request.signal, encoding ?? .json)
  }

  private func answer(_ request: OTLPRequest, _ encoding: OTLPEncoding?) async -> OTLPAnswer {
    guard let encoding else {
      return .failure(
        415, .invalidArgument,
        "Content-Type \(Self.quoted(request.contentType)): expected application/json or application/x-protobuf"
      )
    }
    guard request.body.count <= limits.body else { return tooLarge }
    let claim = SignalWriter.Claim(on: writer)
    defer { claim.release() }
    guard claim.take(request.body.count) else { return Self.busy }
    var body = request.body
    switch Self.coding(request.contentEncoding) {
    case .identity: break
    case .gzip:
      do throws(Gunzip.Problem) {
        body = try Gunzip.expanded(
          request.body, limit: limits.body, spare: OTLPDecoding.padding, grow: { claim.take($0) })
      } catch {
        switch error {
        case .tooLarge: return tooLarge
        case .noRoom: return Self.busy
        case .damaged(let reason): return .failure(400, .invalidArgument, "the body is no gzip: \(reason)")
        }
      }
    case .other:
      return .failure(
        415, .invalidArgument,
        "Content-Encoding \(Self.quoted(request.contentEncoding)): expected gzip or none")
    }
    return await decoded(request.signal, encoding, body)
  }

  private func decoded(
    _ signal: OTLPSignal, _ encoding: OTLPEncoding, _ body: consuming [UInt8]
  ) async -> OTLPAnswer {
    let decoded: DecodedRequest
    do throws(DecodingFault) {
      decoded = try OTLPDecoding.decode(
        signal, encoding, body, seed: seeds.withLock { $0.next() }, recordLimit: limits.records)
    } catch {
      let isTooMany = error.reason == OTLPDecoding.tooManyRecords
      return .failure(
        isTooMany ? 413 : 400, .invalidArgument,
        isTooMany ? "\(error.reason): \(limits.records); send smaller batches" : error.description)
    }
    if decoded.block == nil, decoded.refused > 0 {
      return .failure(400, .invalidArgument, Self.refusal(decoded), refused: decoded.refused)
    }
    if decoded.block != nil || decoded.refused > 0 {
      if let failure = await writer.store(decoded.block, refused: decoded.refused) {
        return Self.failed(failure)
      }
    }
    return .success(
      stored: decoded.block?.records ?? 0, refused: decoded.refused,
      reason: decoded.refused > 0 ? Self.refusal(decoded) : nil)
  }

  private static func refusal(_ decoded: DecodedRequest) -> String {
    let reason = decoded.reason ?? "not what OTLP asks for"
    return decoded.refused == 1 ? reason : "\(reason), and \(decoded.refused - 1) more were refused"
  }

  private var tooLarge: OTLPAnswer {
    .failure(
      413, .resourceExhausted, "the body has more than \(limits.body) bytes; send smaller batches")
  }

  private static let busy = OTLPAnswer.failure(
    429, .resourceExhausted, "more is waiting to be stored than may wait; try again", retryAfter: 1)

  /// What a store that fails means for a sender: what may pass is to be tried again.
  private static func failed(_ error: DSLError) -> OTLPAnswer {
    switch error.code {
    case .io, .locked, .gone, .timeout:
      .failure(503, .unavailable, "telemetry cannot be stored now: \(error.message)", retryAfter: 5)
    default: .failure(500, .internal, "telemetry cannot be stored: \(error.message)")
    }
  }

  // MARK: Headers

  private static func encoding(_ contentType: String?) -> OTLPEncoding? {
    switch word(contentType) {
    case "application/json": .json
    case "application/x-protobuf": .protobuf
    default: nil
    }
  }

  private enum Coding { case identity, gzip, other }

  private static func coding(_ contentEncoding: String?) -> Coding {
    switch word(contentEncoding) {
    case nil, "", "identity": .identity
    case "gzip", "x-gzip": .gzip
    default: .other
    }
  }

  /// A header's value in lower case, without parameters.
  private static func word(_ header: String?) -> String? {
    guard let value = header?.split(separator: ";", omittingEmptySubsequences: false).first else {
      return nil
    }
    return String(value.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()).lowercased()
  }

  private static func quoted(_ header: String?) -> String {
    guard let header else { return "is missing" }
    return "'" + String(header.unicodeScalars.filter { $0.value >= 0x20 }.prefix(80).map(Character.init))
      + "'"
  }
}
