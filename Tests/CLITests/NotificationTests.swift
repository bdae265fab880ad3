import Foundation
import Testing

/// Messages to a real server that fails, hangs, and then accepts.
@Suite(.enabled(if: Shell.has("python3") && Shell.has("jq"), "python3 or jq is missing"))
struct NotificationTests {
  /// Answers requests by the words of a file, one a request, the last for all that follow: a status, or `hang`. Notes each
  /// request in a line of JSON, and its own port in a file.
  private static let server = """
    import http.server, json, os, time
    os.closerange(3, 4096)
    words = open("answers").read().split()
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with open("requests.jsonl", "a") as log:
                log.write(json.dumps({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)}) + "\\n")
            word = words.pop(0) if len(words) > 1 else words[0]
            if word == "hang":
                time.sleep(5)
                return
            self.send_response(int(word))
            self.send_header("Content-Length", "0")
            self.end_headers()
        def log_message(self, *args): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open("port.new", "w") as port: port.write(str(server.server_port))
    os.rename("port.new", "port")
    server.serve_forever()
    """

  /// A directory with a server that runs as long as the body does.
  private func withServer(_ answers: String, _ body: (Shell, _ port: String) throws -> Void) throws {
    let shell = try Shell()
    try shell.copySample()
    try shell.write("server.py", Data(Self.server.utf8))
    try shell.write("answers", Data(answers.utf8))
    // Foundation knows that a child has ended by a socket that each child inherits, those of other tests too: a server that
    // is a child would keep them waiting. So it is a grandchild that closes what it inherited.
    let pid = try shell("python3 server.py < /dev/null > server.log 2>&1 & printf %s $!").out
    // SIGTERM may be blocked in what a thread of the pool starts.
    defer { _ = try? shell("kill -9 \(pid)") }
    let port = shell.directory.appendingPathComponent("port")
    for _ in 0..<4500 where !FileManager.default.fileExists(atPath: port.path) { usleep(20_000) }
    try body(shell, try String(contentsOf: port, encoding: .utf8))
  }

  private func configure(_ shell: Shell, _ receivers: String, flush: String = "5s") throws {
    try shell.write(
      "coordination/dsl.yaml",
      Data("notify:\n\(receivers)\nincidents: {cycles: 1, flush: \(flush)}\n".utf8))
  }

  private func requests(_ shell: Shell, _ filter: String) throws -> [String] {
    try shell("jq -r '\(filter)' requests.jsonl").out.split(separator: "\n").map(String.init)
  }

  @Test func aServerThatFailsHangsAndAcceptsGetsEachMessageOnce() throws {
    try withServer("503 hang 200") { shell, port in
      try shell.write("token", Data("t0ken\n".utf8))
      try configure(
        shell,
        "  - {name: ops, kind: webhook, url: 'http://me:pw@127.0.0.1:\(port)/secret?x=1', token_file: ../token, "
          + "timeout: 300ms, min_severity: critical}", flush: "10s")
      let outcome = try shell("dsl --json auto execute")
      #expect(outcome.status == 0, "\(outcome.err)")
      let warnings = try shell("jq -r '.warnings[]'", input: outcome.out).out
      #expect(warnings.contains("status 503; attempt 1, to be tried again"), "\(warnings)")
      #expect(warnings.contains("no response in time; attempt 2, to be tried again"), "\(warnings)")
      #expect(!warnings.contains("wait for the next run"))
      let ids = try requests(shell, ".body.id")
      #expect(ids.count == 3 && Set(ids).count == 1, "the same message under the same id: \(ids)")
      #expect(
        try requests(
          shell, "\"\\(.path) \\(.body.type) \\(.headers.Authorization) \\(.headers[\"Content-Type\"])\""
        ).first
          == "/secret?x=1 dsl.incident.opened Bearer t0ken application/cloudevents+json; charset=utf-8")
      let again = try shell("dsl auto execute")
      #expect(again.status == 0 && !again.err.contains("receiver"), "\(again.err)")
      #expect(try requests(shell, ".body.id").count == 3, "an incident that goes on is not told again")
      let shown =
        try shell(
          "dsl config show --format json; dsl auto history --cycles --format json; strings coordination/.dsl/*.sqlite*; "
            + "cat coordination/.dsl/telemetry/*"
        ).out + outcome.out + outcome.err
      #expect(!shown.contains("pw@") && !shown.contains("/secret") && !shown.contains("t0ken"))
    }
  }

  @Test func aDeadReceiverDelaysNeitherTheLoopNorOthers() throws {
    try withServer("200") { shell, port in
      try configure(
        shell,
        """
          - {name: dead, kind: webhook, url: 'http://127.0.0.1:1/', timeout: 5s}
          - {name: hanging, kind: command, command: [/bin/sleep, '60'], timeout: 60s}
          - {name: chat, kind: webhook, url_env: CHAT_URL, format: slack, min_severity: critical}
          - {name: log, kind: file, path: .dsl/incidents.jsonl}
        """, flush: "500ms")
      let started = Date()
      let outcome = try shell(
        "dsl --json auto loop --max-cycles 3 --interval 0.05", ["CHAT_URL": "http://127.0.0.1:\(port)/chat"])
      #expect(Date().timeIntervalSince(started) < 55, "one receiver hangs for a minute")
      #expect(outcome.status == 0 && outcome.out.split(separator: "\n").count == 3, "\(outcome.err)")
      #expect(outcome.err.contains("messages wait for the next run"), "\(outcome.err)")
      let all = outcome.out + outcome.err
      #expect(all.contains("receiver dead: POST http://127.0.0.1:1: connection refused"), "\(all)")
      let texts = try requests(shell, ".body.text")
      #expect(
        texts.first?.hasPrefix("[critical] opened: health fleet: health is 0.29 (critical)") == true,
        "\(texts)")
      let lines = try shell("jq -r .type coordination/.dsl/incidents.jsonl").out
      #expect(lines.hasPrefix("dsl.incident.opened\n"))
    }
  }

  @Test func aPauseIsAnIncidentEvenIfNothingIsDecided() throws {
    let shell = try Shell()
    try shell.copySample()
    #expect(
      try shell("dsl notify list").out == "no open incidents\nnobody is told: notify names no receiver\n")
    #expect(try shell("dsl notify test").status == 4)
    try configure(shell, "  - {name: log, kind: file, path: told.jsonl}")
    try shell.write(
      "coordination/quiet.yaml",
      Data(
        """
        name: quiet
        rules:
          - {name: never, type: restart, priority: 1, confidence: 1, when: {work_queue_size: {gt: 1000000}},
             description: never, rationale: never}
        """.utf8))
    try shell("dsl auto pause --for 1h --reason 'a move' --by alice; echo fire > coordination/.dsl/STOP")
    #expect(
      try shell("dsl auto execute --set policy=quiet.yaml --format json | jq .decisions_generated").out
        == "0\n")
    let list =
      "dsl notify list --format json | jq -r '.incidents[] | \"\\(.rule) \\(.severity) \\(.summary)\"'"
    let both = try shell("\(list) | grep -v ^health").out
    #expect(both.contains("kill_switch warning the kill switch is thrown: fire"), "\(both)")
    #expect(both.contains("paused info paused until ") && both.contains("by alice because a move"), "\(both)")
    let shown = try shell("dsl notify list").out
    #expect(shown.contains("log       file  info"), "\(shown)")
    try shell("rm coordination/.dsl/STOP; dsl auto resume; dsl auto execute --set policy=quiet.yaml")
    #expect(try shell("\(list) | grep -cE '^(paused|kill_switch)'").out == "0\n")
    let told = try shell("jq -r 'select(.subject | startswith(\"paused\")).type' coordination/told.jsonl").out
    #expect(told == "dsl.incident.opened\ndsl.incident.closed\n")
  }

  @Test func aTestMessageArrivesOrSaysWhyNot() throws {
    try withServer("500 200") { shell, port in
      try configure(
        shell,
        """
          - {name: ops, kind: webhook, url: 'http://127.0.0.1:\(port)/x', min_severity: critical}
          - {name: log, kind: file, path: told.jsonl}
        """)
      let first = try shell("dsl notify test")
      #expect(
        first.status == 1 && first.err.contains("ops: POST http://127.0.0.1:\(port)/…: status 500"),
        "\(first)")
      let second = try shell("dsl notify test --format json ops | jq -c .receivers")
      #expect(second.out == "[{\"name\":\"ops\",\"outcome\":\"delivered\",\"reason\":null}]\n")
      #expect(try requests(shell, ".body.type") == ["dsl.incident.test", "dsl.incident.test"])
      #expect(try shell("jq -r .data.summary coordination/told.jsonl").out.hasSuffix("; nothing is wrong\n"))
      #expect(try shell("dsl notify test lag").err.contains("did you mean \"log\"?"))
      #expect(try shell("ls coordination/.dsl/journal.sqlite").status != 0, "nothing is journaled")
    }
  }

  @Test func aDryRunTellsNobody() throws {
    let shell = try Shell()
    try shell.copySample()
    try configure(shell, "  - {name: log, kind: file, path: told.jsonl}")
    #expect(try shell("dsl auto execute --dry-run").status == 0)
    #expect(try shell("dsl auto loop --dry-run --max-cycles 2 --interval 0.05").status == 0)
    #expect(try shell("ls coordination/told.jsonl").status != 0)
    #expect(try shell("dsl auto execute").status == 0)
    #expect(try shell("jq -r .subject coordination/told.jsonl").out == "health/fleet\n")
  }
}
