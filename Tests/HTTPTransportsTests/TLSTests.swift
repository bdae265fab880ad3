import DSLBase
import Testing

@testable import HTTPTransports

/// Certificates: whom the transport trusts, and how it shows who it is.
@Suite(
  .enabled(
    if: Child.has("python3", "--version") && Child.has("openssl", "version"), "python3 or openssl is missing")
)
struct TLSTests {
  private let certificates: TestCertificates

  init() throws { certificates = try TestCertificates() }

  private func server(_ name: String = "server", clients: String? = nil) throws -> TestServer {
    try TestServer(
      [certificates[name], certificates[name, "key"]] + (clients.map { [certificates[$0]] } ?? []))
  }

  private func post(
    _ server: TestServer, host: String = "127.0.0.1", _ files: CertificateFiles = .init(),
    _ environment: [String: String] = [:]
  ) async -> Result<Int, DSLError> {
    let transport = ClientTransport(environment: environment, certificates: files)
    let request = HTTPPost(
      url: server.url("/x", scheme: "https", host: host), body: Array("secret".utf8), timeoutSeconds: 600)
    do throws(DSLError) { return .success(try await transport.post(request).status) } catch {
      return .failure(error)
    }
  }

  private func expectDistrust(_ result: Result<Int, DSLError>, _ server: TestServer) {
    guard case .failure(let error) = result else {
      Issue.record("it was taken: \(result)")
      return
    }
    #expect(error.code == .io && error.message.contains("TLS handshake failed"), "\(error)")
    #expect(server.requests.isEmpty, "nothing was sent")
  }

  @Test func onlyTheOwnAuthorityIsTrusted() async throws {
    let server = try server()
    let own = CertificateFiles(authorities: certificates["authority"])
    #expect(try await post(server, own).get() == 200)
    #expect(try await post(server, host: "localhost", own).get() == 200)
    #expect(try await post(server, .init(), ["SSL_CERT_FILE": certificates["authority"]]).get() == 200)
    let seen = server.requests.count
    #expect(seen == 3)
    for stranger in [CertificateFiles(), CertificateFiles(authorities: certificates["stranger"])] {
      guard case .failure(let error) = await post(server, stranger) else {
        Issue.record("a stranger was trusted")
        continue
      }
      #expect(error.code == .io && error.message.contains("TLS handshake failed"), "\(error)")
    }
    // The files that a collector's variables name come before the machine's.
    let both = ["SSL_CERT_FILE": certificates["authority"]]
    guard case .failure = await post(server, CertificateFiles(authorities: certificates["stranger"]), both)
    else {
      Issue.record("the variable of the machine came first")
      return
    }
    #expect(server.requests.count == seen, "nothing was sent to a stranger")
  }

  @Test func aCertificateForAnotherNameIsRefused() async throws {
    let server = try server("elsewhere")
    expectDistrust(
      await post(server, CertificateFiles(authorities: certificates["authority"])), server)
  }

  @Test func aServerThatAsksForACertificateGetsIt() async throws {
    let server = try server(clients: "authority")
    let client = CertificateFiles(
      authorities: certificates["authority"], own: certificates["client"], key: certificates["client", "key"])
    #expect(try await post(server, client).get() == 200)
    let seen = server.requests.count
    guard case .failure(let error) = await post(server, .init(authorities: certificates["authority"])) else {
      Issue.record("it was taken without a certificate")
      return
    }
    #expect(error.code == .io, "\(error)")
    #expect(server.requests.count == seen)
  }

  @Test func filesThatCannotBeReadAreNamed() async throws {
    let server = try server()
    let authority = certificates["authority"]
    for files in [
      CertificateFiles(authorities: "/nowhere.pem"), .init(authorities: authority, own: "/nowhere.pem"),
      .init(authorities: authority, own: certificates["client"], key: "/nowhere.pem"),
    ] {
      guard case .failure(let error) = await post(server, files) else {
        Issue.record("\(files) was taken")
        continue
      }
      #expect(error.code == .invalidInput && error.message.contains("/nowhere.pem"), "\(error)")
    }
  }

  @Test func plainRequestsReadNoCertificates() async throws {
    let server = try TestServer()
    let transport = ClientTransport(environment: ["SSL_CERT_FILE": "/nowhere.pem"])
    let request = HTTPPost(url: server.url("/x"), body: [], timeoutSeconds: 600)
    #expect(try await transport.post(request).status == 200)
  }
}
