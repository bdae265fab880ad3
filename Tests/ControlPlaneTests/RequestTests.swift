import DSLBase
import HTTPTypes
import Testing

@testable import ControlPlane

/// Addresses, URLs and parameters.
@Suite struct RequestTests {
  @Test(arguments: [
    ("8080", "127.0.0.1", 8080, true), (":8080", "0.0.0.0", 8080, false),
    ("localhost", "localhost", 8080, true),
    ("127.0.0.1:0", "127.0.0.1", 0, true), ("127.9.9.9:1", "127.9.9.9", 1, true), ("[::1]:9", "::1", 9, true),
    ("[::]:443", "::", 443, false), ("ops.example:443", "ops.example", 443, false),
    ("127.0.0.1.evil:80", "127.0.0.1.evil", 80, false),
  ])
  func addresses(text: String, host: String, port: Int, isLoopback: Bool) throws {
    let address = try ListenAddress(text, source: "--listen")
    #expect(address == ListenAddress(host: host, port: port) && address.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", "a:b", "1:65536", "::1", "::1:80", "[::1", "[::1]80", "[a]:1", "a b:1", "host:", "http://a:1",
  ])
  func unusableAddressesAreRefused(text: String) {
    let error = #expect(throws: DSLError.self) { try ListenAddress(text, source: "--listen") }
    #expect(error?.code == .invalidInput && error?.message.contains("--listen") == true)
  }

  @Test func queriesAreDecoded() throws {
    let pairs = try Call.pairs(query: "a=1&b=x%2Fy+z&a=2&c&d=%C3%A9")
    #expect(pairs.map(\.name) == ["a", "b", "a", "c", "d"])
    #expect(pairs.map(\.value) == ["1", "x/y z", "2", "", "é"])
    for bad in ["a=%", "a=%2", "a=%zz", "a=%ff", "%=1"] {
      #expect(throws: DSLError.self, "\(bad)") { try Call.pairs(query: Substring(bad)) }
    }
  }

  @Test func pathsFindTheirRouteAndSayWhatTheyTake() throws {
    let table = try TestSurface().table
    let found = try #require(table.find(.get, path: "/api/v1/decisions/d-1").found)
    #expect(found.route.path == "/api/v1/decisions/{id}" && found.parameters.map(\.value) == ["d-1"])
    #expect(table.find(.head, path: "/api/v1/status").found?.route.path == "/api/v1/status")
    #expect(table.find(.get, path: "/api/v1/status/").found == nil)
    #expect(table.find(.delete, path: "/api/v1/status").allowed == [.get, .head, .options])
    #expect(table.find(.get, path: "/api/v1/pause").allowed == [.post, .options])
    #expect(
      table.find(.get, path: "/api/v1/work").found != nil
        && table.find(.post, path: "/api/v1/work").found != nil)
    #expect(table.find(.get, path: "/nothing").allowed.isEmpty)
  }

  @Test(arguments: [
    (
      Parameter.Form.integer(1...10), ["1", "10"],
      ["0", "11", "-1", "+1", "1.0", "", "１", "99999999999999999999"]
    ),
    (.word(["a", "b"]), ["a"], ["A", "", "c"]), (.bool, ["true", "false"], ["1", "yes", ""]),
    (.text(3), ["abc", "é"], ["", "abcd", "a\n", "\u{7f}"]),
    (.time, ["2h", "90s", "2026-11-21T09:00:00Z"], ["", "soon", "-1s", "0.5", "2026-13-01T00:00:00Z"]),
  ])
  func parametersAreChecked(form: Parameter.Form, good: [String], bad: [String]) {
    let parameter = Parameter("p", form, "")
    for value in good { #expect(throws: Never.self, "\(value)") { try parameter.check(value) } }
    for value in bad { #expect(throws: DSLError.self, "\(value)") { try parameter.check(value) } }
  }

  @Test func everyCodeHasAStatusOnce() {
    let codes = HTTPStatus.table.map(\.code)
    #expect(Set(codes).count == codes.count)
    #expect(HTTPStatus.of(.init(rawValue: "never_heard_of")).code == 500)
    #expect(HTTPStatus.of(.locked).code == 503 && HTTPStatus.of(.tooLarge).code == 413)
  }
}
