import Foundation
import Glibc
import Testing

/// The real server, asked by curl.
@Suite(.enabled(if: Shell.has("curl"), "curl is not installed"))
struct ServeTests {
  @Test func itAnswersWhatTheCommandsPrint() throws {
    let served = try Served(prepare: { _ = try $0("dsl auto execute") })
    let pairs = [
      ("/api/v1/status", "auto status"), ("/api/v1/decisions", "auto history --limit 50"),
      ("/api/v1/cycles", "auto history --cycles --limit 50"), ("/api/v1/work", "work list --limit 50"),
      ("/api/v1/approvals", "auto pending"), ("/api/v1/incidents", "notify list"),
      ("/api/v1/agents", "agent list"),
    ]
    for (path, command) in pairs {
      var (answer, printed) = (try served.json(path), try served.shell("dsl --json \(command)").json())
      for key in ["timestamp"] { (answer[key], printed[key]) = (nil, nil) }
      let (shown, said) = (Self.ageless(answer), Self.ageless(printed))
      #expect(try Self.text(shown) == Self.text(said), "\(path)")
    }
  }

  private static func text(_ object: [String: Any]) throws -> String {
    String(
      decoding: try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]), as: UTF8.self)
  }

  /// What does not depend on the moment.
  private static func ageless(_ value: [String: Any]) -> [String: Any] {
    var result: [String: Any] = [:]
    for (key, member) in value
    where !["last_updated", "oldest_pending_s"].contains(key) && !key.hasSuffix("_age_s") && key != "idle_s" {
      switch member {
      case let object as [String: Any]: result[key] = ageless(object)
      case let list as [[String: Any]]: result[key] = list.map(ageless)
      default: result[key] = member
      }
    }
    return result
  }

  @Test func statusesAreThoseOfTheTable() throws {
    let served = try Served()
    let pause = Served.post(#"{"by":"alice","for":"1h","reason":"x"}"#)
    let cases: [(String, String, Int)] = [
      ("/healthz", "", 200), ("/readyz", "", 200), ("/readyz?acting=true", "", 503), ("/metrics", "", 200),
      ("/", "", 200), ("/page.js", "", 200), ("/nothing", "", 404), ("/api/v1/status?x=1", "", 400),
      ("/api/v1/work?state=lost", "", 400), ("/api/v1/work?limit=%zz", "", 400),
      ("/api/v1/decisions/d-0", "", 404), ("/api/v1/status", "-X DELETE", 405), ("/api/v1/pause", "", 405),
      ("/api/v1/status", "-H 'Host: evil.example'", 421), ("/", "-H 'Host: evil.example'", 421),
      ("/api/v1/pause", pause, 401),
      ("/api/v1/pause", "\(pause) -H 'Authorization: Bearer wrong-wrong-wrong'", 401),
      ("/api/v1/pause", "\(pause) \(Served.bearer) -H 'Origin: http://evil.example'", 403),
      ("/api/v1/pause", "\(pause) \(Served.bearer) -H 'Sec-Fetch-Site: cross-site'", 403),
      ("/api/v1/pause", "-X POST -d '{}' \(Served.bearer)", 415),
      ("/api/v1/pause", "\(Served.post("{")) \(Served.bearer)", 400),
      ("/api/v1/pause", "\(pause) \(Served.bearer)", 200), ("/api/v1/status", "-X OPTIONS", 204),
      ("/api/v1/status", "-I", 200),
    ]
    for (path, options, status) in cases {
      let answer = try served.curl(path, options)
      #expect(answer.status == status, "\(path) \(options): \(answer)")
      guard status >= 400, options != "-I" else { continue }
      let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
      #expect((object?["errors"] as? [String])?.isEmpty == false, "\(path): \(answer.body)")
    }
    #expect(try served.shell("dsl auto status --format json | jq -r .control.paused.by").out == "alice\n")
    let head = try served.shell("curl -sI '\(served.url("/"))'").out
    #expect(head.contains("default-src 'none'") && !head.contains("unsafe-inline"))
    #expect(!head.lowercased().contains("access-control"))
    #expect(
      try served.shell("curl -si -X PUT '\(served.url("/api/v1/work"))'").out.contains(
        "Allow: GET, HEAD, POST, OPTIONS"))
  }

  @Test func telemetryIsTakenAndStored() throws {
    let served = try Served("--set serve.max_body=1MiB")
    let span =
      #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"x","kind":1,"startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}"#
    #expect(
      try served.shell("ls coordination/.dsl/signals.sqlite").status != 0, "nothing came, nothing is kept")
    #expect(try served.curl("/v1/traces", Served.post(span)).status == 200)
    #expect(try served.shell("ls coordination/.dsl/signals.sqlite").status == 0)
    let listed = try served.curl("/api/v1/traces").body
    #expect(
      listed.contains("5b8efff798038103d269b633813fc60c"), "what was received is among the traces: \(listed)")
    let shown = try served.curl("/api/v1/traces/5b8efff798038103d269b633813fc60c").body
    #expect(shown.contains("eee19b7ec3c1b174"), "\(shown)")
    #expect(try served.curl("/v1/traces", "-X POST -H 'Content-Type: text/plain' -d x").status == 415)
    #expect(try served.curl("/v1/traces", Served.post("{")).status == 400)
    // 200 MB of zeros in 200 KB: refused by what it expands to.
    let bomb = "head -c 209715200 /dev/zero | gzip -9 > bomb.gz"
    #expect(try served.shell(bomb).status == 0)
    let sent =
      "-X POST -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary @bomb.gz"
    #expect([400, 413].contains(try served.curl("/v1/traces", sent).status))
    #expect(try served.curl("/healthz").status == 200)
  }

  @Test func eventsGoOnAfterARestart() throws {
    let served = try Served()
    let follow = "exec curl -sN '\(served.url("/api/v1/events?event=cycle&event=decision"))'"
    let stream = try Program(served.shell, "\(follow) > events")
    _ = Moment.wait { served.shell.lines("events").count > 1 }
    _ = try served.shell("dsl auto execute")
    #expect(Moment.wait { served.shell.lines("events").contains { $0 == ["event:", "cycle"] } })
    served.program.signal(SIGTERM)
    #expect(try served.program.end(within: 9.5) == 0, "before it gives up on streams, after 10 s")
    #expect(try stream.end() == 0)
    func numbers(_ file: String) -> [Int] {
      served.shell.lines(file).filter { $0.first == "id:" }.compactMap { $0.count > 1 ? Int($0[1]) : nil }
    }
    let told = numbers("events")
    #expect(told.count > 1 && told == told.sorted())
    let again = try Program(served.shell, "exec dsl --json serve --listen 127.0.0.1:\(served.port)")
    #expect(Moment.wait { !again.objects.isEmpty }, "\(again.err)")
    let first = try #require(told.first)
    let rest = try Program(served.shell, "\(follow) -H 'Last-Event-ID: \(first)' > rest")
    #expect(Moment.wait { numbers("rest").last == told.last }, "\(numbers("rest")) of \(told)")
    rest.signal(SIGTERM)
    let resumed = numbers("rest")
    // A decision that was written several times meanwhile is told once, as it is at the end.
    #expect(resumed.count > 1 && resumed == resumed.sorted(), "\(resumed)")
    #expect(Set(resumed).isSubset(of: told.dropFirst()), "\(resumed) of \(told)")
  }

  @Test(.enabled(if: Shell.has("openssl"), "openssl is not installed"))
  func tlsAsksForTheClientsCertificate() throws {
    let make = """
      exec 2>&1; set -e
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem
      for who in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$who -addext subjectAltName=IP:127.0.0.1 \\
          -keyout $who.key -out $who.csr
        openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -days 2 -copy_extensions copy -out $who.pem
      done
      """
    let served = try Served(
      "--tls-cert server.pem --tls-key server.key --tls-client-ca ca.pem", tls: true,
      prepare: { shell in
        let made = try shell(make)
        try #require(made.status == 0, "\(made.out)")
      })
    let known = "--cacert ca.pem --cert client.pem --key client.key"
    #expect(try served.curl("/api/v1/status", known).status == 200)
    #expect(try served.curl("/api/v1/status", "--cacert ca.pem").status == 0, "no certificate, no answer")
    #expect(try served.curl("/api/v1/status", "\(known) --tls-max 1.1").status == 0)
    #expect(
      try served.shell("curl -s -m 60 http://127.0.0.1:\(served.port)/healthz").out.isEmpty, "no plain text")
    let pause = Served.post(#"{"by":"alice","for":"1h","reason":"x"}"#, known)
    #expect(try served.curl("/api/v1/pause", pause).status == 401, "a certificate reads; the token changes")
  }

  @Test(arguments: [
    ("--listen :0", "nothing says who may read"), ("--listen nowhere:a", "is no address"),
    ("--token-file none", "cannot be read"), ("--tls-cert a.pem", "TLS needs a certificate and its key"),
    ("--tls-client-ca a.pem", "client certificates need TLS"),
    ("--tls-cert token --tls-key token", "cannot be read as a certificate chain"),
  ])
  func mistakesAreToldBeforeAnythingListens(arguments: String, message: String) throws {
    let shell = try Shell()
    try shell.copySample()
    try shell.write("token", Array("short".utf8))
    let outcome = try shell("timeout 60 dsl serve \(arguments)")
    #expect([65, 74].contains(outcome.status) && outcome.err.contains(message), "\(outcome)")
    #expect(
      try shell("timeout 60 dsl serve --listen 127.0.0.1:0 --token-file token").err.contains("16 or more"))
  }

  @Test func aPortThatIsTakenEndsTheServerAndNotTheLoop() throws {
    let served = try Served()
    let second = try served.shell("timeout 60 dsl serve --listen 127.0.0.1:\(served.port)")
    #expect(
      second.status == 74 && second.err.contains("cannot listen on 127.0.0.1:\(served.port)"), "\(second)")
    let loop = try served.shell(
      "timeout 90 dsl auto loop --listen 127.0.0.1:\(served.port) --interval 100ms --max-cycles 3")
    #expect(
      loop.status == 0 && loop.out.contains("3 cycles") && loop.err.contains("the loop goes on without it"))
  }
}
