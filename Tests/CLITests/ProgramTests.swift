import Foundation
import Testing

/// Programs in the loop, with the real binary and the examples that ship.
@Suite(.enabled(if: Shell.has("jq"), "jq is not installed"))
struct ProgramTests {
  /// The sample directory with the example programs and their configuration in it.
  private func world(_ configuration: String? = nil) throws -> Shell {
    let shell = try Shell()
    try shell.copySample()
    let examples = Shell.root.appendingPathComponent("examples/strategies").path
    try shell(
      "mkdir -p coordination/strategies && cp '\(examples)'/*.py '\(examples)'/*.sh coordination/strategies")
    if let configuration {
      try shell.write("coordination/dsl.yaml", Data(configuration.utf8))
    } else {
      try shell("cp '\(examples)/dsl.yaml' coordination/dsl.yaml")
    }
    return shell
  }

  @Test func theDocumentsStrategyProposesAndIsReplayed() throws {
    let shell = try world()
    try shell.write("coordination/quiet.yaml", Data(Self.quietPolicy.utf8))
    let outcome = try shell("dsl auto execute --set policy=quiet.yaml --format json")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(
      try shell(
        "jq -r '.decisions[] | \"\\(.type) \\(.outcome) \\(.decision.rule) \\(.decision.rationale)\"'",
        input: outcome.out
      ).out
        == "scale_up executed heavy-queue Heavy queue load detected\n", "\(outcome.out)")
    #expect(outcome.err.isEmpty, "\(outcome.err)")
    try shell.expectDeclaredSpans(including: ["dsl.program.call", "swarmsh.autonomous.decision_execution"])
    let before = try shell.content(of: "coordination/.dsl")
    try shell("rm -r coordination/strategies")
    let replay = try shell("dsl auto replay --set policy=quiet.yaml")
    #expect(replay.status == 0 && replay.out.hasPrefix("1 of 1 cycle equal, 1 decision\n"), "\(replay.out)")
    #expect(
      try shell("rm coordination/dsl.yaml; dsl auto replay --all").status == 0, "nor are settings asked")
    let id = try shell("dsl auto history --format json | jq -r '.decisions[0].id'").out.dropLast()
    let explained = try shell("dsl auto explain \(id)")
    #expect(
      explained.status == 0 && explained.out.contains("heavy-queue matches\n")
        && explained.out.contains("confidence lets it pass"), "\(explained)")
    #expect(try shell.content(of: "coordination/.dsl").keys.sorted() == before.keys.sorted())
  }

  @Test func theDocumentsEmergencyIsHandledAndTakenBack() throws {
    let shell = try world()
    let queue = ["EMERGENCY_QUEUE": "5"]
    let dry = try shell("dsl auto execute --dry-run --format json", queue).json()
    let would = (dry["decisions"] as? [[String: Any]])?.first { $0["type"] as? String == "emergency_scale" }
    #expect(would?["outcome"] as? String == "would_execute", "\(dry)")
    #expect(try shell("ls coordination/help_wanted.json").status != 0)
    let done = try shell("dsl auto execute --max 1 --format json", queue)
    #expect(done.out.contains("performed 1 call_for_help step"), "\(done.out)\(done.err)")
    #expect(try shell("jq .queue coordination/help_wanted.json").out == "8\n")
    let undone = try shell("dsl auto rollback --last 1")
    #expect(undone.status == 0, "\(undone.out)\(undone.err)")
    #expect(try shell("ls coordination/help_wanted.json").status != 0)
    try shell.expectDeclaredSpans(including: ["dsl.program.call", "swarmsh.autonomous.cycle_complete"])
  }

  @Test func aHandlerWithoutUndoSaysSo() throws {
    let shell = try world(
      """
      programs:
        strategies:
          - {name: pager, command: [/bin/sh, -c, 'echo "$ANSWER"'], environment: [ANSWER]}
        handlers:
          - {type: page, command: [./page.sh]}
      """)
    try shell.write(
      "coordination/page.sh",
      Data(
        """
        #!/bin/sh
        case "$(jq -r .verb)" in
        prepare) echo '{"dsl":"handler/v1","steps":[{"action":"page","no_undo":"a page cannot be unsent"}]}';;
        perform) echo '{"dsl":"handler/v1","receipt":{}}';;
        undo) touch undone;;
        esac
        """.utf8))
    try shell("chmod +x coordination/page.sh")
    let answer =
      #"{"dsl":"strategy/v1","decisions":[{"type":"page","rationale":"r","confidence":0.9,"priority":10}]}"#
    let done = try shell("dsl auto execute --max 1", ["ANSWER": answer])
    #expect(done.status == 0 && done.out.contains("performed 1 page step"), "\(done.out)\(done.err)")
    let undone = try shell("dsl auto rollback --last 1")
    #expect(undone.status == 5 && undone.out.contains("a page cannot be unsent"), "\(undone.out)")
    #expect(try shell("ls coordination/undone").status != 0)
    try shell.expectDeclaredSpans(including: ["dsl.program.call"])
  }

  @Test func brokenProgramsAreWarningsAndTheLoopGoesOn() throws {
    let shell = try world(
      """
      programs:
        max_failures: 2
        strategies:
          - {name: broken, command: [/bin/sh, -c, 'echo no luck >&2; exit 7']}
          - {name: slow, command: [/bin/sleep, '60'], timeout: 100ms}
        score: {command: [/bin/echo, '{"dsl":"score/v1","score":"high"}']}
        handlers:
          - {type: never, command: [./nowhere]}
      """)
    let outcome = try shell("dsl --json auto loop --max-cycles 3 --interval 0.05")
    #expect(outcome.status == 0, "\(outcome.err)")
    let turns = outcome.out.split(separator: "\n")
    #expect(turns.count == 3)
    let warnings = try shell("jq -c '.warnings'", input: outcome.out).out.split(separator: "\n").map(
      String.init)
    for turn in warnings.prefix(2) {
      #expect(turn.contains("strategy broken: exit status 7: no luck; it proposes nothing"))
      #expect(turn.contains("strategy slow: took longer than 0.1 s; it proposes nothing"))
    }
    // Asked before and after the effects of the first turn, and held back from then on.
    #expect(warnings.first?.contains("score program score: score: expected a number, found string") == true)
    #expect(warnings.last?.contains("after 2 failures in a row") == true, "\(warnings)")
    #expect(try shell("jq -s '.[0].data.decisions | length'", input: outcome.out).out != "0\n")
    #expect(try shell("dsl auto replay --all").status == 0)
    let spans = try shell(
      """
      jq -c '.resourceSpans[].scopeSpans[].spans[] | select(.name=="dsl.program.call")' \
        coordination/.dsl/telemetry/spans.jsonl | jq -r '.attributes[] | select(.key=="error.type").value.stringValue' \
        | sort | uniq -c
      """)
    #expect(
      spans.out.split(whereSeparator: \.isWhitespace) == [
        "2", "exit_status", "2", "protocol", "2", "timeout",
      ])
    try shell.expectDeclaredSpans(including: ["dsl.program.call", "swarmsh.autonomous.decision_execution"])
  }

  @Test func theScoreProgramIsSeenByStatusAndReplayedWithoutIt() throws {
    let shell = try world(
      """
      programs:
        score: {command: [/bin/echo, '{"dsl":"score/v1","score":0.125}'], weight: 1}
      """)
    let status = try shell("dsl auto status --format json").json()
    #expect((status["status"] as? [String: Any])?["health_score"] as? Double == 0.125)
    let cycle = try shell("dsl auto execute --format json")
    #expect(
      try shell("jq -c '[.metrics.health_score, .metrics.program_score]'", input: cycle.out).out
        == "[0.125,0.125]\n")
    try shell("rm coordination/dsl.yaml")
    let replay = try shell("dsl auto replay --all")
    #expect(replay.status == 0 && !replay.out.contains(", 0 decisions"), "\(replay.out)")
  }

  @Test(arguments: [
    ("programs: {strategies: [{name: a}]}", "\"command\" is missing"),
    ("programs: {strategies: [{name: a, command: ls}]}", "expected a list"),
    ("programs: {strategies: [{command: [ls]}]}", "\"name\" is missing"),
    ("programs: {strategies: [{name: a, command: [ls], timout: 5s}]}", "did you mean \"timeout\"?"),
    ("programs: {strategies: [{name: a, command: [ls]}, {name: a, command: [ls]}]}", "\"a\" came before"),
    ("programs: {strategies: [{name: 'a b', command: [ls]}]}", "expected at most 64 letters"),
    ("programs: {score: {command: [ls], weight: 0}}", "must be above 0"),
    ("programs: {handlers: [{command: [ls]}]}", "\"type\" is missing"),
    ("notify: [{name: a, kind: webhok, url: 'http://h'}]", "did you mean \"webhook\"?"),
    ("notify: [{name: a, kind: webhook, url: 'ftp://h'}]", "expected a URL with http:// or https://"),
    (
      "notify: [{name: a, kind: webhook, url: 'http://h', url_env: X}]",
      "give one of url, url_env and url_file"
    ),
    ("notify: [{name: a, kind: file, path: x, min_severity: bad}]", "unknown value \"bad\""),
    ("notify: [{name: a, kind: webhook, url: 'http://h', token: s3cret}]", "unknown key \"token\""),
  ]) func aWrongConfigurationIsNamed(text: String, reason: String) throws {
    let shell = try world(text + "\n")
    let outcome = try shell("dsl config show")
    #expect(outcome.status == 65 && outcome.err.contains(reason), "\(outcome.err)")
    #expect(outcome.err.contains("coordination/dsl.yaml:1"))
  }

  /// A policy that keeps still, so that only programs propose.
  private static let quietPolicy = """
    name: quiet
    rules:
      - name: never
        when: {work_queue_size: {gt: 1000000}}
        type: restart
        priority: 1
        confidence: 1.0
        description: never
        rationale: never
    """
}
