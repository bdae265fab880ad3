import Foundation
import Testing

/// `dsl sim serve`: its page, driven in a real browser, and who may do what.
@Suite struct SimPageTests {
  /// A server of the simulator on a port that the system chose, with something of everything to show.
  final class Room {
    let shell: Shell
    let program: Program
    let url: String
    let port: Int

    init(_ arguments: String = "") throws {
      shell = try Shell()
      try shell("dsl sim run --policy random --episodes 4 --black-boxes crashes >&2; mkdir curves")
      for (name, lift) in [("a", 0.0), ("b", 4), ("c", 11)] {
        var text = "episodes,reward,steps,ooms,failures\n"
        for point in 1...40 {
          let reward = -120 + 7.0 * Double(point) + lift * Double(point % 3)
          text += "\(point * 500),\(reward),\(300 + 5 * point),\(2 - Double(point) / 25),0.25\n"
        }
        try shell.write("curves/\(name).csv", Array(text.utf8))
      }
      try shell.write("study.log", Array(Self.journal.utf8))
      program = try Program(
        shell,
        "exec dsl --json sim serve --listen 127.0.0.1:0 --black-boxes crashes --training curves --study study.log \(arguments)"
      )
      let program = program
      try #require(Moment.wait { !program.objects.isEmpty }, "it listens: \(program.err)")
      let data = try #require(program.objects.first?["data"] as? [String: Any])
      url = try #require(data["url"] as? String)
      port = try #require(data["port"] as? Int)
    }

    private static let journal = """
      {"op_code": 0, "worker_id": "w", "study_name": "tune", "directions": [2]}
      {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "2026-11-21T10:00:00"}
      {"op_code": 5, "worker_id": "w", "trial_id": 0, "param_name": "discount", "param_value_internal": 0.98, "distribution": "{}"}
      {"op_code": 6, "worker_id": "w", "trial_id": 0, "state": 1, "values": [12.5], "datetime_complete": "2026-11-21T10:00:01"}
      {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "2026-11-21T10:00:00"}
      {"op_code": 6, "worker_id": "w", "trial_id": 1, "state": 2, "values": null, "datetime_complete": "2026-11-21T10:00:01"}
      {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "2026-11-21T10:00:00"}
      {"op_code": 6, "worker_id": "w", "trial_id": 2, "state": 1, "values": [9], "datetime_complete": "2026-11-21T10:00:01"}

      """

    /// The status of a request that curl makes, and its body.
    func curl(_ path: String, _ options: String = "") throws -> (status: Int, body: String) {
      let outcome = try shell(
        "curl -s -m 90 -o body -w '%{http_code}' \(options) 'http://127.0.0.1:\(port)\(path)'; cat body; rm -f body"
      )
      return (Int(outcome.out.prefix(3)) ?? -1, String(outcome.out.dropFirst(3)))
    }
  }

  @Test(.enabled(if: Shell.has("chromium"), "Chromium is missing: ci/setup test installs it"))
  func peopleCanUseIt() throws {
    let room = try Room()
    let script = Shell.root.appendingPathComponent("Tests/CLITests/Serve/Clients/sim_page.py").path
    let outcome = try room.shell("python3 '\(script)' '\(room.url)' curves/a.csv study.log")
    #expect(outcome.status == 0, "\(outcome.out)\n\(outcome.err)")
    #expect(outcome.out.split(separator: "\n").count == 43, "\(outcome.out)")
  }

  @Test func changesNeedTheTokenAndTheOwnPage() throws {
    let room = try Room()
    let token = try #require(room.url.split(separator: "=").last.map(String.init))
    #expect(token.count == 32)
    let json = "-X POST -H 'Content-Type: application/json' -d '{\"count\": 2}'"
    let bearer = "-H 'Authorization: Bearer \(token)'"
    #expect(try room.curl("/api/v1/sim/state").status == 200, "reads are open on this machine")
    #expect(try room.curl("/api/v1/sim/step", json).status == 401)
    #expect(
      try room.curl("/api/v1/sim/step", "\(json) \(bearer) -H 'Origin: http://elsewhere'").status == 403)
    #expect(try room.curl("/api/v1/sim/state", "-H 'Host: elsewhere'").status == 421)
    #expect(try room.curl("/api/v1/sim/step", "\(json) \(bearer)").status == 200)
    #expect(try room.curl("/api/v1/sim/state").body.contains("\"position\":2"))
    #expect(try room.curl("/api/v1/sim/step", bearer).status == 405)
    let events = try room.curl("/api/v1/sim/events", "--max-time 3").body
    #expect(events.contains("event: player\n") && events.contains("event: frame\n"))
  }

  /// Answers are what the schemas say.
  @Test(
    .enabled(
      if: Shell.python(with: "jsonschema") != nil, "jsonschema is not in .build/venv: ci/setup installs it"))
  func answersFollowTheirSchemas() throws {
    let room = try Room("--size 4x9 --preset storm --level 2 --seed 5")
    let python = try #require(Shell.python(with: "jsonschema"))
    let token = try #require(room.url.split(separator: "=").last.map(String.init))
    let post =
      "-X POST -H 'Content-Type: application/json' -H 'Authorization: Bearer \(token)'"
    #expect(try room.curl("/api/v1/sim/step", "\(post) -d '{\"count\": 60}'").status == 200)
    let answers = [
      "state": "room", "frame": "frame", "recordings": "recordings", "training": "curves", "study": "study",
    ]
    for (path, schema) in answers.sorted(by: { $0.key < $1.key }) {
      let answer = try room.curl("/api/v1/sim/\(path)")
      #expect(answer.status == 200)
      let check = """
        import json, pathlib, sys, jsonschema
        from referencing import Registry, Resource
        schema = json.load(open(sys.argv[1]))
        others = pathlib.Path(sys.argv[1]).parent.glob("*.schema.json")
        registry = Registry().with_resources((p.name, Resource.from_contents(json.loads(p.read_text()))) for p in others)
        answer = json.load(sys.stdin)
        assert answer["command"] == sys.argv[2] and answer["success"], answer
        jsonschema.Draft202012Validator(schema, registry=registry).validate(answer["data"])
        """
      try room.shell.write("check.py", Array(check.utf8))
      let file = Shell.root.appendingPathComponent("docs/schemas/sim-\(schema).schema.json").path
      let outcome = try room.shell("'\(python)' check.py '\(file)' sim-\(schema)", input: answer.body)
      #expect(outcome.status == 0, "\(path): \(outcome.err)")
    }
  }

  @Test(arguments: [
    ("--level 9", 65), ("--policy nobody", 4), ("--black-boxes nowhere", 4), ("--seed=-1", 65),
    ("--listen 0.0.0.0:0", 65),
  ])
  func whatCannotBeServedIsRefused(_ arguments: String, _ status: Int32) throws {
    let shell = try Shell()
    let outcome = try shell("timeout 90 dsl sim serve --listen 127.0.0.1:0 \(arguments)")
    #expect(outcome.status == status && outcome.out.isEmpty && !outcome.err.isEmpty, "\(outcome)")
  }
}
