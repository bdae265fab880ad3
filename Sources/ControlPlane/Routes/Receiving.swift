import DSLBase
import HTTPTypes
import Telemetry

/// OTLP over HTTP: hands requests to whoever stores telemetry, and its replies back.
struct Receiving: Sendable {
  let receiver: any OTLPReceiving
  /// Decoding takes a thread of its own, so that neither looks nor a loop wait for it.
  private let thread = LookingThread()

  init(receiver: any OTLPReceiving) { self.receiver = receiver }

  var routes: [Route] {
    OTLPSignal.allCases.map { signal in
      let (receiver, thread) = (receiver, thread)
      var route = Route(
        .post, "/v1/\(signal.rawValue)", .telemetry, "Takes \(signal.rawValue) of OTLP, as JSON or protobuf."
      ) {
        call in
        let request = OTLPRequest(
          signal: signal, contentType: call.headers[.contentType],
          contentEncoding: call.headers[.contentEncoding], body: call.body)
        let reply = try await thread.run { await receiver.receive(request) }
        var headers = HTTPFields()
        if let seconds = reply.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        return .content(
          type: reply.contentType, body: reply.body, status: .init(code: reply.status), headers: headers)
      }
      route.errors = [.mediaType, .tooLarge]
      return route
    }
  }
}
