import Testing

@testable import HTTPTransports

@Suite struct AuthorityTests {
  private typealias Parts = (
    url: String, scheme: String, host: String, port: Int?, user: String?, bare: String
  )

  @Test func theServerOfAURLIsFound() throws {
    let cases: [Parts] = [
      ("http://h", "http", "h", nil, nil, "http://h"),
      (
        "HTTPS://Example.COM:4318/v1/traces", "https", "example.com", 4318, nil,
        "HTTPS://Example.COM:4318/v1/traces"
      ),
      ("http://me:p%40ss@h:1/a", "http", "h", 1, "me:p@ss", "http://h:1/a"),
      ("http://a@b@h/", "http", "h", nil, "a@b", "http://h/"),
      ("http://[::1]:80/", "http", "::1", 80, nil, "http://[::1]:80/"),
      ("http://[::1]?x", "http", "::1", nil, nil, "http://[::1]?x"),
      ("http://h/path@x:y#z", "http", "h", nil, nil, "http://h/path@x:y#z"),
      ("http://h?mail=a@b", "http", "h", nil, nil, "http://h?mail=a@b"),
      ("http://bücher.example/", "http", "bücher.example", nil, nil, "http://bücher.example/"),
    ]
    for expected in cases {
      let found = try #require(Authority(url: expected.url), "\(expected.url)")
      let user = found.user.map { String(decoding: $0, as: UTF8.self) }
      #expect(
        (found.scheme, found.host, found.port, user) == (
          expected.scheme, expected.host, expected.port, expected.user
        ),
        "\(expected.url)")
      #expect(Authority.withoutUser(expected.url) == expected.bare)
    }
  }

  @Test(arguments: [
    "", "h", "h:80", "http:/h", "http://", "http:///path", "http://h:port", "http://h:65536", "http://u@",
  ])
  func whatNamesNoServerIsNone(_ url: String) {
    #expect(Authority(url: url) == nil)
  }
}
