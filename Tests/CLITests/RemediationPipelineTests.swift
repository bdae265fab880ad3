import Foundation
import Testing

/// From telemetry in files to an action and back, with the real binary, store, detectors and commands.
@Suite(.enabled(if: Shell.has("jq") && Shell.has("python3"), "jq or python3 is not installed"))
struct RemediationPipelineTests {
  private static let configuration = """
    policy: quiet.yaml
    gates: {cooldown: {up: 0s, down: 0s, other: 0s}, max_decisions_per_cycle: 10}
    processing: {window: 1s, delay: 0s, interval: 0s}
    remediation:
      confidence_threshold: 0.5
      commands:
        - action: restart_service
          command: [/bin/sh, -c, 'echo "$DSL_SERVICE" > ../restarted']
          undo: [rm, ../restarted]

    """

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

  /// Two minutes of spans of a shop, a slow service and a steady one, a second a window, until some seconds from now: in
  /// the last ones most spans of the shop fail and the slow one is slow. Beside them logs of somebody who guesses passwords, and
  /// of somebody who mistypes.
  private static let generator = """
    import json, random, sys, time
    random.seed(7)
    now = time.time()
    def attribute(key, value): return {"key": key, "value": {"stringValue": value}}
    def resource(name): return {"attributes": [attribute("service.name", name)]}
    spike = sys.argv[1] == "spike"
    with open("coordination/spans.jsonl", "w") as out:
      for second in range(-115, 16):
        late = spike and second >= -9
        groups = []
        for name in ("shop", "slow", "steady"):
          spans = []
          for number in range(40):
            end = int((now + second + number / 40) * 1e9)
            usual = random.gauss(0.02, 0.002)
            duration = max(0.001, usual * (40 if late and name == "slow" else 1))
            failed = random.random() < (0.8 if late and name == "shop" else 0.02)
            spans.append({
              "traceId": "%032x" % random.getrandbits(128), "spanId": "%016x" % random.getrandbits(64),
              "name": "GET /", "kind": 2, "startTimeUnixNano": str(end - int(duration * 1e9)),
              "endTimeUnixNano": str(end), "attributes": [attribute("url.query", "q='cats' or 'dogs'")],
              "status": {"code": 2 if failed else 1}})
          groups.append({"resource": resource(name), "scopeSpans": [{"spans": spans}]})
        out.write(json.dumps({"resourceSpans": groups}) + "\\n")
    with open("coordination/logs.jsonl", "w") as out:
      records = []
      for address, count in (("203.0.113.9", 8), ("198.51.100.4", 2)):
        for number in range(count):
          records.append({
            "timeUnixNano": str(int((now - 3 + number / 10) * 1e9)), "severityNumber": 13,
            "body": {"stringValue": "Failed password for root password=hunter2"},
            "attributes": [attribute("source.address", address)]})
      logs = {"resource": resource("sshd"), "scopeLogs": [{"logRecords": records}]}
      out.write(json.dumps({"resourceLogs": [logs]}) + "\\n")
    """

  private func world(live: Bool) throws -> Shell {
    let shell = try Shell()
    try shell.write("coordination/dsl.yaml", Data(Self.configuration.utf8))
    try shell.write("coordination/quiet.yaml", Data(Self.quietPolicy.utf8))
    try shell.write("generate.py", Data(Self.generator.utf8))
    try shell(
      """
      chmod -R go-w .; dsl agent register a1; dsl agent register a2
      dsl telemetry start-processing; dsl telemetry enable-remediation \(live ? "--live" : "")
      """)
    return shell
  }

  @Test func aSpikeIsFoundRemediedAndTakenBack() throws {
    let shell = try world(live: true)
    try shell("python3 generate.py spike")
    let report = try shell("dsl auto execute --format json")
    let done =
      "[.decisions[] | select(.outcome == \"executed\") | [.type, .decision.parameters.issue_type, .decision.parameters.service]] | sort"
    #expect(
      try shell("jq -c '\(done)'", input: report.out).out
        == #"[["restart_service","error_spike","shop"],["scale_up","latency_increase","slow"]]"# + "\n",
      "\(report.out.suffix(6000))\(report.err)")
    #expect(try shell("cat restarted").out == "shop\n")
    #expect(try shell("ls coordination | grep -c 'agent_a-.*json'").out == "3\n", "agents are asked for")
    let history =
      "dsl --json telemetry remediation-history | jq -c '[.data.history[] | [.issue_type, .action, .success]] | sort'"
    #expect(
      try shell(history).out
        == #"[["error_spike","restart_service",true],["latency_increase","scale_up",true]]"# + "\n")
    let issues =
      "dsl --json telemetry status | jq -c '[.data.remediation.issues[] | [.issue_type, .service, .state]] | sort'"
    #expect(
      try shell(issues).out
        == #"[["error_spike","shop","active"],["latency_increase","slow","active"]]"# + "\n")
    #expect(try shell("dsl --json telemetry status | jq .data.remediation.active_remediations").out == "2\n")
    let id = try shell(
      "dsl --json telemetry remediation-history | jq -r '.data.history[] | select(.action == \"restart_service\") | .decision_id'"
    ).out.dropLast()
    let explained = try shell("dsl auto explain \(id)")
    #expect(explained.status == 0 && explained.out.contains("remediate_error_spike"), "\(explained)")
    let replay = try shell("dsl auto replay")
    #expect(replay.status == 0 && replay.out.hasPrefix("1 of 1 cycle equal, 2 decisions"), "\(replay)")
    #expect(try shell("dsl journal verify").status == 0)

    let undone = try shell("dsl auto rollback --last 2")
    #expect(undone.status == 0, "\(undone)")
    #expect(try shell("cat restarted").status != 0)
    #expect(try shell("jq -r .status coordination/agent_a-*.json | grep -c stopped").out == "3\n")
    try shell.expectDeclaredSpans(
      including: ["swarmsh.autonomous.scaling_decision", "swarmsh.autonomous.decision_execution"])

    // Who guesses passwords is told, who mistypes is not, and the password is nowhere.
    let events =
      "dsl --json telemetry security-report | jq -c '[.data.report.events[] | [.event_type, .source_ip, .level, (.count == 5)]]'"
    #expect(try shell(events).out == #"[["auth_failure","203.0.113.9","medium",true]]"# + "\n")
    #expect(try shell("grep -c hunter2 coordination/.dsl/telemetry/security.json").out == "0\n")
  }

  /// In the foreground, without an engine: what is found waits in the book for the next cycle.
  @Test func followingLooksByItselfAndEndsWhenToldTo() throws {
    let shell = try world(live: true)
    try shell("python3 generate.py spike")
    let program = try Program(shell, "exec dsl telemetry start-processing --follow --format json")
    let found = Moment.wait(30) {
      program.objects.contains { look in
        let issues = look["issues"] as? [[String: Any]] ?? []
        return Set(issues.compactMap { $0["service"] as? String }).isSuperset(of: ["shop", "slow"])
      }
    }
    #expect(found, "\(program.objects) \(program.err)")
    #expect(program.objects.contains { (($0["events"] as? [Any])?.count ?? 0) == 1 })
    #expect(try shell("ls restarted").status != 0, "looking does nothing")
    program.signal(SIGTERM)
    #expect(try program.end() == 0, "\(program.err)")
    #expect(
      try shell("dsl --json telemetry status | jq -c '[.data.remediation.issues[] | .issue_type] | sort'").out
        == #"["error_spike","latency_increase"]"# + "\n")
    #expect(try shell("dsl auto execute").status == 0)
    #expect(try shell("cat restarted").out == "shop\n", "a cycle plans for what was found")
  }

  @Test func followingGivesWayToAnEngineAndToTheSwitch() throws {
    let shell = try world(live: false)
    let loop = try Program(shell, "exec dsl auto loop --interval 1 --format json")
    #expect(Moment.wait(20) { !loop.objects.isEmpty }, "\(loop.err)")
    let program = try Program(shell, "exec dsl telemetry start-processing --follow")
    #expect(
      Moment.wait(20) { program.err.contains("an engine runs and looks at telemetry itself") },
      "\(program.err)")
    try shell("dsl telemetry stop-processing")
    #expect(try program.end() == 0)
    #expect(program.err.contains("processing was stopped"), "\(program.err)")
    loop.signal(SIGTERM)
    #expect(Moment.wait(20) { !loop.isRunning })
  }

  @Test func aDryRunFindsTheSameAndDoesNothing() throws {
    let shell = try world(live: false)
    try shell("python3 generate.py spike")
    let report = try shell("dsl auto execute --format json")
    #expect(try shell("jq -c '[.decisions[]]'", input: report.out).out == "[]\n", "\(report.out)")
    let told = try shell(
      "jq -r '.warnings[] | select(startswith(\"remediation (dry run)\"))'", input: report.out
    ).out
    #expect(
      told.contains("error_spike of shop, restart_service: would have ran 1 configured command"),
      "\(report.out)")
    #expect(told.contains("latency_increase of slow, scale_up: would have asked for 3 agents"), "\(told)")
    #expect(try shell("ls restarted coordination/agent_a-*").status != 0)
    #expect(
      try shell("ls -A coordination/.dsl | grep -v -e sqlite -e lock | sort | tr '\\n' ' '").out
        == "telemetry ")
    #expect(
      try shell("ls coordination/.dsl/telemetry | grep -v lock | sort | tr '\\n' ' '").out
        == "processing.json rarity.state security.json spans.jsonl unusual.json ")
  }

  @Test func whatIsAsUsualRaisesNothingAndSilenceIsNoData() throws {
    let shell = try world(live: true)
    try shell("python3 generate.py usual; rm coordination/logs.jsonl")
    let first = try shell("dsl auto execute --format json")
    #expect(
      try shell("jq -c '[(.decisions | length), .warnings]'", input: first.out).out == "[0,[]]\n", "\(first)")
    #expect(try shell("dsl --json telemetry status | jq -c .data.remediation.issues").out == "[]\n")
    #expect(try shell("dsl --json telemetry security-report | jq -c .data.report.events").out == "[]\n")
    // The services fall silent: that is no drop of throughput.
    for _ in 0..<3 {
      let later = try shell("sleep 2.2; dsl auto execute --format json")
      #expect(
        try shell("jq -c '[(.decisions | length), .warnings]'", input: later.out).out == "[0,[]]\n",
        "\(later)")
    }
  }
}
