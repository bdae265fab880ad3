import Autonomy
import Coordination
import DSLBase
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Answers requests: checks who asks, finds the route, reads parameters and body, and makes a response of what comes back.
struct Responder: HTTPResponder {
  typealias Context = BasicRequestContext

  let table: RouteTable
  let rules: AccessRules
  let feeds: EventHub
  let maxBodyBytes: Int
  let budget: BodyBudget
  let time: any TimeSource
  let log: Logger

  func respond(to request: Request, context: Context) async throws -> Response {
    let path = (request.head.path ?? "/").prefix { $0 != "?" && $0 != "#" }
    let (found, allowed) = table.find(request.method, path: path)
    var held = 0
    defer { budget.give(held) }
    do {
      try rules.check(request.head, found?.route.purpose ?? .open)
      guard let found else { return try missing(request, path, allowed) }
      let answer = try await found.route.handle(try await call(found, request, &held))
      return response(answer, isHead: request.method == .head)
    } catch let error as HTTPParserError {
      throw error
    } catch {
      var response = failure(error, found?.route.command)
      if !allowed.isEmpty, response.status == .methodNotAllowed {
        response.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
      }
      if request.method == .head { response.body = ResponseBody() }
      return response
    }
  }

  /// OPTIONS says what a path takes; everything else that has no route is an error.
  private func missing(_ request: Request, _ path: Substring, _ allowed: [HTTPRequest.Method]) throws
    -> Response
  {
    guard !allowed.isEmpty else {
      throw DSLError(.notFound, "there is nothing at that path", fix: "see /api/v1/openapi.json")
    }
    guard request.method == .options else {
      throw DSLError(
        .methodNotAllowed, "this path does not take that method",
        fix: "use \(allowed.map(\.rawValue).joined(separator: ", "))")
    }
    var response = Response(status: .noContent, headers: Headers.always)
    response.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
    return response
  }

  /// Parameters, checked, and the body, bounded.
  private func call(_ found: RouteTable.Found, _ request: Request, _ held: inout Int) async throws -> Call {
    let route = found.route
    var call = Call(headers: request.headers)
    for (name, value) in found.parameters {
      let text = try Call.decoded(value, plusIsSpace: false)
      try route.parameters.first { $0.name == name }?.check(text)
      call.add(name, text)
    }
    let query = (request.head.path ?? "").drop { $0 != "?" }.dropFirst().prefix { $0 != "#" }
    let known = route.parameters.filter { !$0.isInPath }
    for (name, value) in try Call.pairs(query: query) {
      guard let parameter = known.first(where: { $0.name == name }) else {
        let names = known.isEmpty ? "none" : known.map(\.name).joined(separator: ", ")
        throw DSLError(.invalidInput, "there is no such parameter", fix: "parameters here: \(names)")
      }
      try parameter.check(value)
      guard parameter.repeats || call.text(name) == nil else {
        throw DSLError(.invalidInput, "\(name) may be given once")
      }
      guard call.all(name).count < Parameter.repeatLimit else {
        throw DSLError(.invalidInput, "\(name) may be given \(Parameter.repeatLimit) times")
      }
      call.add(name, value)
    }
    if route.members != nil || route.purpose == .telemetry {
      call.body = try await body(request, route, &held)
    }
    return call
  }

  private func body(_ request: Request, _ route: Route, _ held: inout Int) async throws -> [UInt8] {
    if route.members != nil {
      let type = (request.headers[.contentType] ?? "").prefix { $0 != ";" }
      guard type.lowercased().filter({ $0 != " " }) == "application/json" else {
        throw DSLError(
          .mediaType, "the body is not application/json", fix: "send Content-Type: application/json")
      }
      guard request.headers[.contentEncoding] == nil else {
        throw DSLError(.mediaType, "the body is encoded", fix: "send it without Content-Encoding")
      }
    }
    let tooLarge = DSLError(
      .tooLarge, "the body is larger than \(maxBodyBytes) bytes", fix: "send less, or raise serve.max_body")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > maxBodyBytes {
      throw tooLarge
    }
    var bytes: [UInt8] = []
    for try await buffer in request.body {
      guard bytes.count + buffer.readableBytes <= maxBodyBytes else { throw tooLarge }
      try budget.take(buffer.readableBytes)
      held += buffer.readableBytes
      bytes.append(contentsOf: buffer.readableBytesView)
    }
    return bytes
  }
}

extension Responder {
  private func response(_ answer: Route.Answer, isHead: Bool) -> Response {
    switch answer {
    case .envelope(let envelope, let status): return json(envelope, status, isHead: isHead)
    case .content(let type, let body, let status, let headers):
      var all = Headers.always
      for field in headers { all[field.name] = field.value }
      all[.contentType] = type
      return Response(status: status, headers: all, body: Self.body(body, isHead: isHead))
    case .events(let feed):
      var headers = Headers.always
      headers[.contentType] = "text/event-stream"
      guard !isHead else { return Response(status: .ok, headers: headers) }
      return Response(status: .ok, headers: headers, body: ResponseBody { try await feed.write(to: &$0) })
    }
  }

  private func json(_ envelope: Envelope, _ status: HTTPResponse.Status, isHead: Bool = false) -> Response {
    var headers = Headers.always
    headers[.contentType] = "application/json"
    let text = envelope.json(at: time.now).text() + "\n"
    return Response(status: status, headers: headers, body: Self.body(Array(text.utf8), isHead: isHead))
  }

  /// A body; for HEAD its length alone.
  private static func body(_ bytes: [UInt8], isHead: Bool) -> ResponseBody {
    isHead
      ? ResponseBody(contentLength: bytes.count) { try await $0.finish(nil) }
      : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
  }

  /// An error is an envelope too, with `metadata.code` and, where there is one, `metadata.fix`.
  private func failure(_ error: any Error, _ command: String?) -> Response {
    let error: DSLError =
      switch error {
      case let error as DSLError: error
      case let error as FileError: error.asDSLError
      case is CancellationError: DSLError(.cancelled, "the server is shutting down")
      default: DSLError(.internalError, "\(error)")
      }
    let status = HTTPStatus.of(error.code)
    if status.kind == .serverError { log.warning("\(error)") }
    var envelope = Envelope(command ?? "serve", .object([:]))
    envelope.errors = [error.message + (error.cause.map { ": \($0)" } ?? "")]
    envelope.metadata = ["code": .string(error.code.rawValue), "status": .int(status.code)]
    if let fix = error.fix { envelope.metadata["fix"] = .string(fix) }
    var response = json(envelope, status)
    if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    if status == .serviceUnavailable { response.headers[.retryAfter] = "1" }
    // What is left of a body that is too large is not read.
    if status == .contentTooLarge { response.headers[.connection] = "close" }
    return response
  }
}

/// Header fields of every response.
enum Headers {
  /// Nothing is kept, sniffed, framed or lent to other sites.
  static var always: HTTPFields {
    var fields = HTTPFields()
    fields[.cacheControl] = "no-store"
    fields[.xContentTypeOptions] = "nosniff"
    for (name, value) in named {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    return fields
  }

  static let lastEventID = HTTPField.Name("Last-Event-ID")

  private static let named = [
    ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
  ]
}
