import DSLBase
import HTTPTypes
import Testing

@testable import ControlPlane

/// Who may do what.
@Suite struct AccessTests {
  private static let secret = "0123456789abcdef"

  private func head(
    _ host: String? = "localhost:8080", _ fields: [(String, String)] = []
  ) -> HTTPRequest {
    var head = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/")
    for (name, value) in fields { if let name = HTTPField.Name(name) { head.headerFields[name] = value } }
    return head
  }

  /// The code of the refusal; `nil` when it passes.
  private func refusal(
    _ rules: AccessRules, _ purpose: AccessRules.Purpose, _ head: HTTPRequest
  ) -> DSLError.Code? {
    do throws(DSLError) { try rules.check(head, purpose) } catch { return error.code }
    return nil
  }

  private func rules(loopback: Bool = true, token: Bool = true) throws -> AccessRules {
    AccessRules(isLoopback: loopback, token: token ? try AccessToken(Self.secret, source: "test") : nil)
  }

  private static let bearer = ("Authorization", "Bearer \(secret)")

  @Test func readsOnLoopbackAreOpenAndChangesNeedTheToken() throws {
    let rules = try rules()
    #expect(refusal(rules, .read, head()) == nil)
    #expect(refusal(rules, .change, head()) == .unauthenticated)
    #expect(
      refusal(rules, .change, head("localhost", [("Authorization", "Bearer 0123456789abcdeF")]))
        == .unauthenticated)
    #expect(
      refusal(rules, .change, head("localhost", [("Authorization", "Basic \(Self.secret)")]))
        == .unauthenticated)
    #expect(refusal(rules, .change, head("localhost", [Self.bearer])) == nil)
    #expect(refusal(try self.rules(token: false), .change, head("localhost", [Self.bearer])) == .forbidden)
  }

  @Test func elsewhereReadsNeedTheTokenACertificateOrAnOperatorsWord() throws {
    var rules = try rules(loopback: false)
    let head = head("example.com")
    #expect(
      refusal(rules, .read, head) == .unauthenticated && refusal(rules, .telemetry, head) == .unauthenticated)
    #expect(refusal(rules, .open, head) == nil)
    #expect(refusal(rules, .read, self.head("example.com", [Self.bearer])) == nil)
    rules.publicReads = true
    #expect(refusal(rules, .read, head) == nil)
    #expect(refusal(rules, .telemetry, head) == .unauthenticated, "telemetry is written")
    #expect(refusal(rules, .change, head) == .unauthenticated)
    rules.publicReads = false
    rules.knowsClients = true
    #expect(refusal(rules, .read, head) == nil && refusal(rules, .change, head) == .unauthenticated)
  }

  @Test(arguments: ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "[::2]", "0.0.0.0"])
  func aRebornNameDoesNotReachALoopbackServer(host: String) throws {
    let rules = try rules()
    for purpose in [AccessRules.Purpose.open, .read, .change, .telemetry] {
      #expect(refusal(rules, purpose, head(host, [Self.bearer])) == .misdirected)
    }
  }

  @Test(arguments: ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "[::1]"])
  func namesOfTheLoopbackAreOurs(host: String) throws {
    #expect(refusal(try rules(), .read, head(host)) == nil)
  }

  @Test func hostsAreNamedAndOneIsNeeded() throws {
    var rules = try rules()
    rules.hosts = ["ops.example"]
    #expect(refusal(rules, .read, head("OPS.example:443")) == nil)
    #expect(
      refusal(rules, .read, head(nil)) == .invalidInput && refusal(rules, .read, head("")) == .invalidInput)
    var elsewhere = try self.rules(loopback: false)
    elsewhere.publicReads = true
    #expect(refusal(elsewhere, .read, head("anything")) == nil)
    elsewhere.hosts = ["ops.example"]
    #expect(refusal(elsewhere, .read, head("anything")) == .misdirected)
  }

  @Test func otherSitesPagesChangeNothingEvenWithTheToken() throws {
    var rules = try rules()
    func change(_ fields: (String, String)...) -> DSLError.Code? {
      refusal(rules, .change, head("localhost:8080", [Self.bearer] + fields))
    }
    #expect(change(("Origin", "http://localhost:8080")) == nil)
    #expect(change(("Origin", "https://localhost:8080")) == .forbidden, "another scheme")
    #expect(change(("Origin", "http://localhost:9")) == .forbidden, "another port")
    #expect(
      change(("Origin", "null")) == .forbidden && change(("Origin", "http://evil.example")) == .forbidden)
    #expect(change(("Sec-Fetch-Site", "cross-site")) == .forbidden)
    #expect(change(("Sec-Fetch-Site", "same-site")) == .forbidden)
    #expect(change(("Sec-Fetch-Site", "same-origin")) == nil)
    rules.origins = ["https://ops.example"]
    #expect(
      refusal(rules, .change, head("localhost:8080", [Self.bearer, ("Origin", "https://ops.example")])) == nil
    )
  }

  @Test(arguments: ["", "short", "0123456789abcde", "0123456789abcde\u{e9}", "0123456789 abcdef"])
  func weakTokensAreRefused(text: String) {
    #expect(throws: DSLError.self) { try AccessToken(text, source: "test") }
  }

  @Test func tokensMatchWholeOrNotAtAll() throws {
    let token = try AccessToken(" \(Self.secret)\r\n", source: "test")
    #expect(token.matches(Self.secret))
    for wrong in ["", "0123456789abcde", Self.secret + "0", " " + Self.secret, "1123456789abcdef"] {
      #expect(!token.matches(wrong), "\(wrong)")
    }
  }
}
