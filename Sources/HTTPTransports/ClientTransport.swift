import AsyncHTTPClient
package import DSLBase
import Dispatch
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// HTTP by AsyncHTTPClient: HTTP/1.1 and 2, TLS with the authorities that this machine trusts, proxies from the
/// environment, connections that are used again.
///
/// Nothing is opened before the first request, so that a command that sends nothing pays nothing.
package final class ClientTransport: HTTPTransport {
  /// Seconds until a connection has to stand.
  private static let connectSeconds: Int64 = 5

  private let routes: ProxyRoutes
  private let certificates: CertificateFiles
  /// A client for each way to go, as each knows one proxy or none; those for plain HTTP read no certificates.
  private let clients = Mutex<[Way: Client]>([:])

  /// A client, and the one of its threads that does all of its work.
  private struct Client {
    var client: HTTPClient
    var loop: any EventLoop
  }

  private struct Way: Hashable {
    var route: ProxyRoutes.Route
    var isEncrypted: Bool
  }

  /// A transport.
  ///
  /// - Parameters:
  ///   - environment: the program's own, for proxies and trusted authorities.
  ///   - certificates: PEM files; what is `nil` is as the machine has it.
  package init(environment: [String: String], certificates: CertificateFiles = CertificateFiles()) {
    routes = ProxyRoutes(environment: environment)
    var certificates = certificates
    let fallback = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    certificates.authorities = certificates.authorities ?? fallback
    self.certificates = certificates
  }

  deinit {
    for client in clients.withLock({ Array($0.values) }) {
      // A client must be told to end. It ends by itself from here on; nobody waits for it.
      client.client.shutdown(queue: .global(qos: .utility)) { _ in }
    }
  }

  package func post(_ post: HTTPPost) async throws(DSLError) -> HTTPReply {
    let target = Authority(url: post.url)
    var headers = HTTPHeaders()
    for header in post.headers {
      guard (header.name + header.value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw DSLError(
          .invalidInput, "the header \(header.name) holds a line break or another control character")
      }
      headers.add(name: header.name, value: header.value)
    }
    if let user = target?.user, !headers.contains(name: "Authorization") {
      headers.add(name: "Authorization", value: "Basic " + Base64.encoded(user))
    }
    do {
      let request = try HTTPClient.Request(
        url: Authority.withoutUser(post.url), method: .POST, headers: headers, body: .bytes(post.body))
      return try await exchange(request, try client(for: target), withinSeconds: post.timeoutSeconds)
    } catch {
      throw TransportFailure.error(error, "POST \(HTTPPost.masked(post.url))")
    }
  }

  /// A request and the beginning of its response; the limit is that of all of it.
  ///
  /// By the client's futures, and on one of its threads: a task for each part, and threads that hand a request to one
  /// another, cost a small request more than all else.
  private func exchange(
    _ request: HTTPClient.Request, _ client: Client, withinSeconds limit: Double
  ) async throws -> HTTPReply {
    let limit = TimeAmount.milliseconds(Int64((min(max(limit, 0.001), 86_400) * 1000).rounded(.up)))
    let reply = ReplyDelegate()
    let task = client.client.execute(
      request: request, delegate: reply, eventLoop: .delegate(on: client.loop), deadline: .now() + limit)
    // A turn of the thread later, when the connection waits for whoever comes next: who comes sooner opens another.
    let loop = client.loop
    let settled = task.futureResult.flatMap { reply in loop.submit { reply } }
    do {
      return try await withTaskCancellationHandler {
        try await settled.get()
      } onCancel: {
        task.cancel()
      }
    } catch is ReplyDelegate.IsFull {
      return reply.beginning
    }
  }

  private func client(for target: Authority?) throws -> Client {
    let way = Way(
      route: target.map { routes.route(to: $0) } ?? .straight, isEncrypted: target?.scheme == "https")
    return try clients.withLock { clients in
      if let client = clients[way] { return client }
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.timeout.connect = .seconds(Self.connectSeconds)
      configuration.connectionPool.idleTimeout = .seconds(30)
      // What is tried again is for the caller to say: a server that refuses is told of at once.
      configuration.connectionPool.retryConnectionEstablishment = false
      if way.isEncrypted { configuration.tlsConfiguration = try certificates.configuration() }
      configuration.proxy = way.route.proxy
      let made = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      let client = Client(client: made, loop: made.eventLoopGroup.any())
      clients[way] = client
      return client
    }
  }
}
