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
  private let clients = Mutex<[Way: HTTPClient]>([:])

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
      client.shutdown(queue: .global(qos: .utility)) { _ in }
    }
  }

  package func post(_ post: HTTPPost) async throws(DSLError) -> HTTPReply {
    let target = Authority(url: post.url)
    var request = HTTPClientRequest(url: Authority.withoutUser(post.url))
    request.method = .POST
    for header in post.headers {
      guard (header.name + header.value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw DSLError(
          .invalidInput, "the header \(header.name) holds a line break or another control character")
      }
      request.headers.add(name: header.name, value: header.value)
    }
    if let user = target?.user, !request.headers.contains(name: "Authorization") {
      request.headers.add(name: "Authorization", value: "Basic " + Base64.encoded(user))
    }
    request.body = .bytes(post.body)
    do {
      let client = try client(for: target)
      return try await Self.exchange(request, client, withinSeconds: post.timeoutSeconds)
    } catch {
      throw TransportFailure.error(error, "POST \(HTTPPost.masked(post.url))")
    }
  }

  /// A request and the whole of its response, in time: the client's own limit ends with the head of the response.
  private static func exchange(
    _ request: HTTPClientRequest, _ client: HTTPClient, withinSeconds limit: Double
  ) async throws -> HTTPReply {
    let milliseconds = Int64((min(max(limit, 0.001), 86_400) * 1000).rounded(.up))
    return try await withThrowingTaskGroup(of: HTTPReply.self) { group in
      group.addTask {
        let response = try await client.execute(request, timeout: .milliseconds(milliseconds))
        return HTTPReply(
          status: Int(response.status.code),
          headers: response.headers.map { HTTPHeader($0.name, $0.value) },
          body: try await beginning(of: response.body))
      }
      group.addTask {
        try await Task.sleep(for: .milliseconds(milliseconds))
        throw HTTPClientError.deadlineExceeded
      }
      defer { group.cancelAll() }
      guard let reply = try await group.next() else { throw CancellationError() }
      return reply
    }
  }

  /// The beginning of a body; all of it is read, up to a limit, so that the connection can be used again.
  private static func beginning(of body: HTTPClientResponse.Body) async throws -> [UInt8] {
    var kept: [UInt8] = []
    for try await part in body {
      kept.append(contentsOf: part.readableBytesView.prefix(HTTPReply.bodyLimit - kept.count))
      if kept.count >= HTTPReply.bodyLimit { break }
    }
    return kept
  }

  private func client(for target: Authority?) throws -> HTTPClient {
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
      let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      clients[way] = client
      return client
    }
  }
}
