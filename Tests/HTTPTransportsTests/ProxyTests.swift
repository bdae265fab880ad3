import DSLBase
import Testing

@testable import HTTPTransports

/// Ways through proxies: which one is chosen, and that it is taken.
@Suite struct ProxyTests {
  private func route(_ url: String, _ environment: [String: String]) -> ProxyRoutes.Route {
    Authority(url: url).map { ProxyRoutes(environment: environment).route(to: $0) } ?? .straight
  }

  @Test(
    arguments: [
      (["http_proxy": "http://p:3128"], "http://h/", .proxy("p", 3128, nil)),
      (["http_proxy": "p:3128"], "http://h/", .proxy("p", 3128, nil)),
      (["http_proxy": "http://p:3128"], "https://h/", .straight),
      (["HTTP_PROXY": "http://p:3128"], "http://h/", .straight),
      (["HTTPS_PROXY": "http://p:3128"], "https://h/", .proxy("p", 3128, nil)),
      (["https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"], "https://h/", .proxy("a", 1, nil)),
      (["https_proxy": "", "HTTPS_PROXY": "http://b:2"], "https://h/", .proxy("b", 2, nil)),
      (["ALL_PROXY": "http://p:1"], "https://h/", .proxy("p", 1, nil)),
      (["all_proxy": "socks5h://p"], "http://h/", .socks("p", 1080)),
      (["https_proxy": "http://me:p%40ss@p:1"], "https://h/", .proxy("p", 1, "bWU6cEBzcw==")),
      (["https_proxy": "http://[::1]:3128"], "https://h/", .proxy("::1", 3128, nil)),
      (["https_proxy": "gopher://p:1"], "https://h/", .straight),
    ] as [([String: String], String, ProxyRoutes.Route)])
  func theEnvironmentChooses(environment: [String: String], url: String, expected: ProxyRoutes.Route) {
    #expect(route(url, environment) == expected)
  }

  @Test(
    arguments: [
      ("example.com", "example.com", true), ("example.com", "api.example.com", true),
      (".example.com", "api.example.com", true), ("*.example.com", "api.example.com", true),
      ("example.com", "notexample.com", false), ("EXAMPLE.com", "Example.COM", true), ("*", "h", true),
      ("a, b ,c", "b", true), ("a b", "b", true), ("", "h", false), ("h:8080", "h:8080", true),
      ("h:8080", "h:9090", false), ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.1.2.3", false),
      ("192.168.1.0/25", "192.168.1.127", true), ("192.168.1.0/25", "192.168.1.128", false),
      ("0.0.0.0/0", "1.2.3.4", true), ("10.0.0.0/33", "10.0.0.0", false), ("10.0.0.0/8", "10.example", false),
      ("127.0.0.1", "127.0.0.1", true), ("::1", "[::1]", true), ("[::1]", "[::1]:4318", true),
      ("fd00::/8", "[fd12::7]", true), ("fd00::/8", "[fe80::7]", false), ("fd00::/8", "10.0.0.1", false),
    ])
  func exemptionsAreAsUsersWriteThem(list: String, host: String, isExempt: Bool) {
    let environment = ["http_proxy": "http://p:1", "no_proxy": list]
    #expect((route("http://\(host)/x", environment) == .straight) == isExempt)
    #expect(
      (route("http://\(host)/x", ["http_proxy": "http://p:1", "NO_PROXY": list]) == .straight) == isExempt)
  }

  @Test(.enabled(if: Child.has("python3", "--version"), "python3 is missing"))
  func plainRequestsGoThroughATunnelToo() async throws {
    let (proxy, server) = (try TestServer(), try TestServer())
    let transport = ClientTransport(environment: [
      "http_proxy": "http://me:pw@127.0.0.1:\(proxy.port)", "no_proxy": "localhost",
    ])
    let far = HTTPPost(url: server.url("/v1/traces"), body: [1], timeoutSeconds: 600)
    #expect(try await transport.post(far).status == 200)
    let tunnel = try #require(proxy.requests.first)
    #expect(tunnel.method == "CONNECT" && tunnel.path == "127.0.0.1:\(server.port)")
    #expect(tunnel.headers["proxy-authorization"]?.string == "Basic bWU6cHc=")
    #expect(server.requests.map(\.path) == ["/v1/traces"])
    #expect(server.requests.first?.headers["proxy-authorization"] == nil)
    let near = HTTPPost(url: server.url("/near", host: "localhost"), body: [], timeoutSeconds: 600)
    #expect(try await transport.post(near).status == 200)
    #expect(server.requests.count == 2 && proxy.requests.count == 1)
  }

  @Test(.enabled(if: Child.has("python3", "--version"), "python3 is missing"))
  func aProxyThatRefusesIsTold() async throws {
    let proxy = try TestServer()
    let transport = ClientTransport(environment: ["http_proxy": "127.0.0.1:\(proxy.port)"])
    // Nobody listens at port 1, so that the proxy answers 502.
    do throws(DSLError) {
      _ = try await transport.post(HTTPPost(url: "http://127.0.0.1:1/x", body: [], timeoutSeconds: 600))
      Issue.record("it was answered")
    } catch {
      #expect(error.code == .io && error.message.contains("the proxy opens no tunnel"), "\(error)")
    }
  }

  @Test(
    .enabled(
      if: Child.has("python3", "--version") && Child.has("openssl", "version"),
      "python3 or openssl is missing"))
  func encryptedOnesGoThroughATunnel() async throws {
    let certificates = try TestCertificates()
    let server = try TestServer([certificates["server"], certificates["server", "key"]])
    let proxy = try TestServer()
    let transport = ClientTransport(
      environment: ["HTTPS_PROXY": "http://me:pw@127.0.0.1:\(proxy.port)"],
      certificates: CertificateFiles(authorities: certificates["authority"]))
    let request = HTTPPost(
      url: server.url("/x", scheme: "https"), headers: [.init("X-Secret", "s")], body: [1],
      timeoutSeconds: 600
    )
    #expect(try await transport.post(request).status == 200)
    let tunnel = try #require(proxy.requests.first)
    #expect(tunnel.method == "CONNECT" && tunnel.path == "127.0.0.1:\(server.port)")
    #expect(tunnel.headers["proxy-authorization"] == "Basic bWU6cHc=" && tunnel.headers["x-secret"] == nil)
    let arrived = try #require(server.requests.first)
    #expect(arrived.headers["x-secret"] == "s" && arrived.headers["proxy-authorization"] == nil)
  }
}
