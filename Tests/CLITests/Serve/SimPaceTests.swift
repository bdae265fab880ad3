import Foundation
import Glibc
import Testing

/// Start, pause and step of the cluster that a loop of the built binary runs on: by HTTP, by command, and over its death.
@Suite final class SimPaceTests {
  private let shell: Shell
  private var port = 0

  init() throws {
    shell = try Shell()
    let rules = Shell.root.appendingPathComponent("examples/policies/cluster.yaml")
    try shell.write("token", Array((Served.secret + "\n").utf8))
    try shell.write("coordination/cluster.yaml", try Data(contentsOf: rules))
    try shell.write(
      "coordination/dsl.yaml",
      Array(
        """
        backend: sim
        policy: cluster.yaml
        sim: {seed: 4}
        loop: {interval: 20ms}
        leader: {lease: 1.5s, renew_deadline: 1s, retry: 0.2s}
        gates:
          cooldown: {up: 0s, down: 0s, other: 0s}
          budget: {count: 100000}
          calibration: {max_offset: 0%}

        """.utf8))
  }

  deinit { shell.endProcesses() }

  private func loop(_ arguments: String = "") throws -> Program {
    let loop = try Program(
      shell, "exec dsl auto loop --format json --listen 127.0.0.1:0 --token-file token \(arguments)")
    try #require(Moment.wait { loop.err.contains("serving at") }, "\(loop.err)")
    port = try #require(loop.err.firstMatch(of: /serving at http:..127.0.0.1:(\d+)/).flatMap { Int($0.1) })
    return loop
  }

  private func curl(_ path: String, _ options: String = "") throws -> (status: Int, body: String) {
    let outcome = try shell(
      "curl -s -m 90 -o body -w '%{http_code}' \(options) http://127.0.0.1:\(port)\(path); cat body; rm -f body"
    )
    return (Int(outcome.out.prefix(3)) ?? -1, String(outcome.out.dropFirst(3)))
  }

  private func ask(_ verb: String, _ body: String = #"{"by": "ann"}"#) throws -> [String: Any] {
    let answer = try curl("/api/v1/sim/\(verb)", Served.post(body, Served.bearer))
    #expect(answer.status == 200, "\(answer.body)")
    return try data(answer.body)
  }

  private func data(_ text: String) throws -> [String: Any] {
    let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return try #require(json?["data"] as? [String: Any], "\(text)")
  }

  /// Steps in the cluster's file.
  private func steps() throws -> Int {
    Int(try shell("jq .steps coordination/.dsl/sim/cluster.json").out.dropLast()) ?? 0
  }

  private func state() throws -> String? {
    (try data(try curl("/api/v1/sim/state").body)["pace"] as? [String: Any])?["state"] as? String
  }

  /// Changes the journal behind everybody's back.
  private func sql(_ statement: String) throws {
    let done = try shell(
      "python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=90); c.execute(sys.argv[2]); c.commit()' "
        + "coordination/.dsl/journal.sqlite \"\(statement)\"")
    try #require(done.status == 0, "\(done)")
  }

  /// What an engine that died left cannot be settled while the cluster stands still: a turn that failed, and not as many as a processor can.
  @Test func whatFailsWhileTheClusterStandsStillIsNotTriedWithoutAPause() throws {
    try shell("dsl auto execute > /dev/null && dsl sim pause")
    try sql("UPDATE decisions SET outcome = NULL")
    try sql(
      "CREATE TRIGGER full BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'no space'); END")
    let loop = try loop("--interval 600s")
    func failures() -> Int { loop.err.split(separator: "\n").count { $0.contains("no space") } }
    #expect(Moment.wait { failures() > 0 }, "\(loop.err)")
    Thread.sleep(forTimeInterval: 1)
    #expect(failures() == 1, "\(loop.err.prefix(2000))")
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
  }

  /// A disk that is full in that moment: the steps are made, and that cannot be written down.
  @Test func stepsThatCannotBeNotedHoldTheClusterAndAreNotedLater() throws {
    try shell("dsl auto execute 2> /dev/null > /dev/null; dsl sim pause && dsl sim step --count 2")
    try sql(
      "CREATE TRIGGER full BEFORE UPDATE ON state WHEN NEW.key = 'sim_pace' BEGIN SELECT RAISE(ABORT, 'no space'); END"
    )
    let before = try steps()
    let loop = try loop()
    #expect(Moment.wait { loop.err.contains("could not be noted") }, "\(loop.err)")
    #expect(try steps() == before + 2)
    // It looks again several times a second, and says it once.
    Thread.sleep(forTimeInterval: 1)
    let told = loop.err.split(separator: "\n").filter { $0.contains("noted") || $0.contains("failed") }
    #expect(told.count == 1, "\(told.prefix(5))")
    try sql("DROP TRIGGER full")
    try shell("dsl sim step --count 1")
    #expect(Moment.wait { (try? steps()) == before + 3 }, "\(loop.err)")
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
  }

  @Test func theLoopStandsStillMakesThreeStepsAndGoesOn() throws {
    let loop = try loop()
    try #require(Moment.wait { try steps() > 3 }, "\(loop.err)")
    for (body, token, status) in [
      (#"{"by": "ann"}"#, "", 401), (#"{"by": "ann"}"#, "-H 'Authorization: Bearer not-the-token-0123'", 401),
      (#"{"by": "ann"}"#, Served.bearer + " -H 'Origin: http://elsewhere.example'", 403),
      ("{}", Served.bearer, 400),
    ] {
      for verb in ["start", "pause", "step"] {
        #expect(try curl("/api/v1/sim/\(verb)", Served.post(body, token)).status == status, "\(verb) \(body)")
      }
    }
    #expect(try state() == "running")
    let paused = try ask("pause")
    #expect(paused["leader"] as? String == "leading")
    #expect((paused["pace"] as? [String: Any])?["state"] as? String == "still")
    try #require(Moment.wait { loop.err.contains("stands still, as ann asked") }, "\(loop.err)")
    let before = try steps()
    let count = "dsl journal verify --format json | jq .entries"
    let entries = try shell(count).out

    // It lives, and says why it does nothing.
    #expect(try curl("/healthz").status == 200)
    #expect(try curl("/readyz").status == 200)
    let acting = try curl("/readyz?acting=true")
    #expect(acting.status == 503 && acting.body.contains("the simulated cluster stands still, as ann asked"))
    #expect(try shell("dsl auto status").out.contains("stands still"))
    #expect(try steps() == before)
    #expect(try shell(count).out == entries, "nothing is journaled")

    let stepping = try ask("step", #"{"by": "bob", "count": 3}"#)["pace"] as? [String: Any]
    #expect(stepping?["state"] as? String == "stepping" && stepping?["steps_left"] as? Int == 3)
    try #require(Moment.wait { loop.err.contains("stands still, as bob asked") }, "\(loop.err)")
    #expect(try steps() == before + 3)
    #expect(try shell("dsl sim step --count 2 --by eve").status == 0)
    try #require(Moment.wait { loop.err.contains("stands still, as eve asked") }, "\(loop.err)")
    #expect(try steps() == before + 5)

    // A cycle is a cycle: its decisions are in the journal, and taken back once the loop has ended.
    let cycles = try shell("dsl auto history --cycles --limit 1000 --format json | jq '.cycles | length'")
    #expect(cycles.out == "\(loop.objects.count)\n")
    #expect((try ask("start")["pace"] as? [String: Any])?["state"] as? String == "running")
    try #require(Moment.wait { try steps() > before + 8 }, "\(loop.err)")
    #expect(loop.err.contains("the simulated cluster goes on"))
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
  }

  @Test func whatWasAskedOutlivesTheLoopAndIsMadeOnce() throws {
    #expect(try shell("dsl sim step --count 40 --by ann").out.contains("no loop runs"))
    #expect(try shell("jq .steps coordination/.dsl/sim/cluster.json").status != 0, "nothing moves")
    // Killed in the middle, over and over.
    for _ in 0..<5 {
      let loop = try loop("--leader-election")
      let from = try steps()
      try #require(Moment.wait { try steps() > from + 2 || loop.err.contains("stands still") }, "\(loop.err)")
      loop.signal(SIGKILL)
      _ = try loop.end()
      #expect(try steps() <= 40)
    }
    let last = try loop()
    try #require(Moment.wait { last.err.contains("stands still, as ann asked") }, "\(last.err)")
    #expect(try steps() == 40)
    last.signal(SIGTERM)
    #expect(try last.end() == 0)
    #expect(try shell("dsl journal verify").status == 0)
    // What is taken back then is not made again, and a loop that stands by takes over to stand still.
    #expect(try shell("dsl auto rollback --last 1").status == 0)
    #expect(try steps() == 39)
    let next = try loop()
    try #require(Moment.wait { next.err.contains("stands still, as ann asked") }, "\(next.err)")
    let other = try Program(shell, "exec dsl auto loop --leader-election")
    try #require(Moment.wait { other.err.contains("standing by") }, "\(other.err)")
    next.signal(SIGTERM)
    #expect(try next.end() == 0)
    try #require(Moment.wait { other.err.contains("stands still, as ann asked") }, "\(other.err)")
    #expect(try steps() == 39)
    #expect(try shell("dsl sim start").status == 0)
    try #require(Moment.wait { try steps() > 40 }, "\(other.err)")
  }

  @Test func whatCannotBeAskedIsRefused() throws {
    for (call, status, says) in [
      ("sim step --count 0", 65, "--count 0"), ("sim pause --set backend=files", 4, "backend files"),
      ("-c nowhere sim pause --set backend=sim", 4, "no directory nowhere"),
    ] as [(String, Int32, String)] {
      let outcome = try shell("dsl \(call)")
      #expect(outcome.status == status && outcome.err.contains(says), "\(call): \(outcome)")
    }
    #expect(try shell("dsl auto execute && printf '{' > coordination/.dsl/sim/cluster.json").status == 0)
    let damaged = try shell("dsl sim step")
    #expect(damaged.status == 72 && damaged.err.contains("cluster.json"), "\(damaged)")
    #expect(try shell("dsl sim pause && dsl sim start").status == 0)
  }
}
