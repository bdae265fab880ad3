import DSLBase
import Testing

@testable import HTTPTransports

/// The transport and a real server, over plain connections.
@Suite(.enabled(if: Child.has("python3", "--version"), "python3 is missing"))
struct ClientTransportTests {
  private let server: TestServer
  private let transport = ClientTransport(environment: [:])

  init() throws { server = try TestServer() }

  private func post(_ path: String, seconds: Double = 600, body: String = "{}") -> HTTPPost {
    HTTPPost(
      url: server.url(path), headers: [.init("Content-Type", "text/plain"), .init("X-Tenant", "a b")],
      body: Array(body.utf8), timeoutSeconds: seconds)
  }

  /// The error of a request that is to fail.
  private func failure(_ request: HTTPPost) async throws -> DSLError {
    let reply: HTTPReply
    do throws(DSLError) { reply = try await transport.post(request) } catch { return error }
    throw DSLError(.internalError, "it was answered with \(reply.status)")
  }

  @Test func whatIsSentArrivesAsItIs() async throws {
    let reply = try await transport.post(post("/in/here?x=1&y=%20", body: "ü\n"))
    #expect(reply.status == 200 && reply.body == Array("seen".utf8))
    let request = try #require(server.requests.first)
    #expect(request.method == "POST" && request.path == "/in/here?x=1&y=%20")
    #expect(Array(request.body.unicodeScalars.map { UInt8($0.value) }) == Array("ü\n".utf8))
    #expect(request.headers["x-tenant"] == "a b" && request.headers["content-length"] == "3")
  }

  @Test func usersInTheURLAreAuthorizationAndNotInTheRequest() async throws {
    let url = "http://me:p%40ss@127.0.0.1:\(server.port)/x"
    _ = try await transport.post(HTTPPost(url: url, body: [], timeoutSeconds: 600))
    let own = HTTPHeader("authorization", "Bearer t")
    _ = try await transport.post(HTTPPost(url: url, headers: [own], body: [], timeoutSeconds: 600))
    let found = server.requests
    #expect(found.map { $0.headers["authorization"]?.string } == ["Basic bWU6cEBzcw==", "Bearer t"])
    #expect(found.allSatisfy { $0.path == "/x" && $0.headers["host"]?.string == "127.0.0.1:\(server.port)" })
  }

  @Test(arguments: [301, 302, 303, 307, 308])
  func redirectionsAreNotFollowed(status: Int) async throws {
    let reply = try await transport.post(post("/status/\(status)"))
    #expect(reply.status == status && reply[header: "location"] == "/elsewhere")
    #expect(server.requests.map(\.path) == ["/status/\(status)"])
  }

  @Test func connectionsAreUsedAgainAlsoAfterALargeBody() async throws {
    let large = try await transport.post(post("/large"))
    #expect(large.body.count == HTTPReply.bodyLimit)
    // A connection that nobody uses is closed after half a minute, which a busy run of the tests may put between two posts.
    for attempt in 1...100 {
      let began = ContinuousClock.now
      for _ in 0..<3 { _ = try await transport.post(post("/x")) }
      let ports = server.requests.suffix(3).map(\.port)
      if Set(ports).count == 1 { return }
      #expect(began.duration(to: .now) > .seconds(20), "attempt \(attempt): \(ports)")
    }
    Issue.record("no three posts came soon one after another")
  }

  @Test(arguments: ["/silent", "/drip"])
  func theWholeExchangeIsBoundedInTime(path: String) async throws {
    // Without a bound the one would never be answered, and the other would be.
    let error = try await failure(post(path, seconds: 0.4))
    #expect(error.code == .timeout && error.message.contains("no response in time"), "\(error)")
  }

  @Test(arguments: ["/cut", "/nothing", "/garbage"])
  func whatEndsEarlyIsAFailureAndNoAnswer(path: String) async throws {
    let error = try await failure(post(path))
    #expect(error.code == .io, "\(error)")
    #expect(error.message.hasPrefix("POST http://127.0.0.1:\(server.port)/…: "), "\(error)")
    #expect(server.requests.count == 1, "it is not tried again")
  }

  @Test func aTaskThatIsCancelledEndsSoon() async throws {
    let (transport, request) = (transport, post("/silent", seconds: 3600))
    let task = Task { () -> DSLError.Code? in
      do throws(DSLError) {
        _ = try await transport.post(request)
        return nil
      } catch {
        return error.code
      }
    }
    for _ in 0..<60_000 where server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    task.cancel()
    #expect(await task.value == .cancelled)
  }

  @Test(
    arguments: [
      ("http://127.0.0.1:1/x", .io, "connection refused"), ("ftp://127.0.0.1/x", .invalidInput, "protocol"),
      ("http://", .invalidInput, "malformed URL"), ("nonsense", .invalidInput, ""),
      ("http://host.invalid/x", .io, "the host's name is not known"),
    ] as [(String, DSLError.Code, String)])
  func whatCannotBeReachedIsTold(url: String, code: DSLError.Code, reason: String) async throws {
    let error = try await failure(HTTPPost(url: url, body: [], timeoutSeconds: 600))
    #expect(error.code == code && error.message.contains(reason), "\(error)")
  }

  @Test(arguments: ["a\r\nX: evil", "a\nb", "a\u{0}b"])
  func headersCannotBreakOut(value: String) async throws {
    var request = post("/x")
    request.headers = [.init("X", value)]
    #expect(try await failure(request).code == .invalidInput)
    #expect(server.requests.isEmpty)
  }
}
