import Foundation
import Testing

/// Remediation with the real binary: switches, orders of people, configured commands, undo.
@Suite(.enabled(if: Shell.has("jq"), "jq is not installed"))
struct RemediationTests {
  /// A directory with two agents, work, and commands for the actions that no fleet carries out.
  private func world() throws -> Shell {
    let shell = try Shell()
    try shell.write("coordination/dsl.yaml", Data(Self.configuration.utf8))
    try shell("dsl agent register a1; dsl agent register a2; dsl work add w1 --id w1")
    return shell
  }

  private static let configuration = """
    gates: {cooldown: {up: 0s, down: 0s, other: 0s}}
    remediation:
      commands:
        - action: clear_cache
          command: [/bin/sh, -c, 'cat > asked.json; echo emptied half']
        - action: update_config
          command: [/bin/sh, -c, 'echo "$DSL_SERVICE" > ../config; echo "{\\"old\\": 7}"']
          undo: [/bin/sh, -c, 'cat > undo.json; rm ../config; echo "back to 7"']
        - action: rollback_deployment
          service: shop
          command: [/bin/sh, -c, 'echo rolled back > ../shop']
        - action: circuit_breaker
          command: [/bin/sh, -c, 'cat ../secret >&2; exit 3']

    """

  @discardableResult
  private func order(_ shell: Shell, _ words: String) throws -> Outcome {
    try shell("dsl --json telemetry manual-remediation \(words)")
  }

  private func query(_ outcome: Outcome, _ filter: String, _ shell: Shell) throws -> String {
    String(try shell("jq -r '\(filter)'", input: outcome.out).out.dropLast())
  }

  @Test func switchesOutliveProcessesAndSayWhoTurnedThem() throws {
    let shell = try world()
    let status = "dsl --json telemetry status | jq -c '.data.remediation | [.enabled, .dry_run, .processing]'"
    #expect(try shell(status).out == "[false,true,false]\n")
    #expect(
      try shell("dsl --json telemetry enable-remediation | jq -c '.data | [.enabled, .live_mode]'").out
        == "[true,false]\n")
    #expect(
      try shell("dsl telemetry start-processing --by bob > /dev/null 2>&1; \(status)").out
        == "[true,true,true]\n")
    try shell("dsl telemetry enable-remediation --live --by alice")
    #expect(try shell(status).out == "[true,false,true]\n")
    let change = "dsl --json telemetry status | jq -c '.data.remediation.last_change | [.by, .on, .live]'"
    #expect(try shell(change).out == "[\"alice\",true,true]\n")
    #expect(
      try shell(status, ["DSLMODEL_REMEDIATION_ENABLED": "false"]).out == "[false,true,true]\n",
      "what is configured is stronger than the switch")
    try shell("dsl telemetry stop-processing; dsl telemetry disable-remediation")
    #expect(try shell(status).out == "[false,true,false]\n")
    #expect(try shell(status, ["DSLMODEL_REMEDIATION_ENABLED": "1"]).out == "[true,true,false]\n")
    #expect(try shell("dsl journal verify").status == 0, "the chain covers the switches")
    let agent = try shell("dsl telemetry enable-remediation --live", ["DSL_AGENT_ID": "a1"])
    #expect(agent.status == 6 && agent.err.contains("it is for people"), "\(agent)")
  }

  /// All ten actions: what a dry run says, what is done, and whether it can be taken back.
  @Test(arguments: [
    ("scale_up --agents 2", "executed", "reverted"), ("scale_down --agents 1", "executed", "reverted"),
    ("restart_service", "executed", "reverted"), ("health_check", "executed", "reverted"),
    ("throttle_requests --parameter percent=30", "executed", "reverted"),
    ("clear_cache --service shop", "executed", "refused"),
    ("update_config --service shop --parameter key=a --parameter value=b", "executed", "reverted"),
    ("rollback_deployment --service shop", "executed", "refused"),
    ("circuit_breaker --service shop", "failed", ""),
    ("kill_process --parameter agent=a1", "failed", ""),
  ])
  func anOrderTakesTheSamePathForEachAction(words: String, outcome: String, undo: String) throws {
    let shell = try world()
    try shell("dsl agent register a1 --concurrency 4; dsl agent register a2 --concurrency 2")
    let before = try shell.content(of: "coordination")
    let dry = try order(shell, words)
    #expect(try query(dry, ".data.dry_run", shell) == "true", "\(dry)")
    #expect(
      try query(dry, ".data.result.outcome", shell) == (words.hasPrefix("kill") ? "failed" : "would_execute"))
    #expect(try shell.content(of: "coordination") == before, "a dry run changes nothing")

    let done = try order(shell, "\(words) --live --by alice")
    #expect(try query(done, ".data.result.outcome", shell) == outcome, "\(done)")
    #expect(done.status == (outcome == "executed" ? 0 : 1))
    #expect(
      try query(
        done, ".data.plan | [.issue_type, (.confidence > 0), (.rollback_plan | length > 0)] | @csv", shell)
        == "\"manual_intervention\",true,true")
    let history =
      "dsl --json telemetry remediation-history | jq -c '.data.history[0] | [.issue_type, .success]'"
    #expect(try shell(history).out == "[\"manual_intervention\",\(outcome == "executed")]\n")
    guard !undo.isEmpty else { return }
    let back = try shell("dsl auto rollback --last 1 --format json")
    #expect(try query(back, ".decisions[0].outcome", shell) == undo, "\(back)")
  }

  @Test func aCommandIsAskedByWhatTheDecisionSaysAndSecretsAreNotKept() throws {
    let shell = try world()
    try order(shell, "clear_cache --service shop --parameter percent=25 --live")
    #expect(
      try shell("jq -c '[.dsl, .verb, .action, .service, .parameters]' coordination/asked.json").out
        == "[\"remedy/v1\",\"perform\",\"clear_cache\",\"shop\",{\"percent\":25}]\n")
    try order(shell, "update_config --service shop --parameter key=a --parameter value=b --live")
    #expect(try shell("cat config").out == "shop\n")
    let back = try shell("dsl auto rollback --last 1 --format json")
    #expect(back.status == 0 && back.out.contains("back to 7"), "\(back)")
    #expect(
      try shell("jq -c '[.verb, .receipt.answer]' coordination/undo.json").out == "[\"undo\",{\"old\":7}]\n")
    try shell("echo password=hunter2 it does not answer > secret")
    let failed = try order(shell, "circuit_breaker --service shop --live")
    #expect(failed.out.contains("exit status 3") && !failed.out.contains("hunter2"), "\(failed)")
    #expect(try shell("grep -c hunter2 coordination/.dsl/journal.sqlite*").status == 1)
    let other = try order(shell, "rollback_deployment --service cart --live")
    #expect(
      other.status == 69 && other.out.contains("nobody here carries out rollback_deployment"), "\(other)")
    #expect(other.out.contains("remediation: {commands:"), "how to change that")
  }

  @Test(arguments: [
    ("frobnicate", 1, "there is no action"), ("scale_upp", 1, "did you mean"),
    ("scale_up --agents 0", 65, "agents is 0, expected a whole number from 1 to 100"),
    ("clear_cache --parameter percent=0", 65, "percent is 0"),
    ("clear_cache --parameter size=1", 65, "has no parameter size"),
    ("update_config --parameter key=a", 65, "needs the parameter value"),
    ("restart_service --service nobody", 69, "no agent that is up belongs to nobody"),
    ("health_check --service ''", 65, "--service: expected a text"),
  ])
  func aBadOrderIsRefusedAndSaysWhy(words: String, status: Int32, said: String) throws {
    let shell = try world()
    let outcome = try order(shell, "\(words) --live")
    #expect(outcome.status == status && outcome.out.contains(said), "\(outcome)")
    #expect(try outcome.json()["success"] as? Bool == false)
    #expect(try shell("dsl --json telemetry remediation-history | jq .data.total_actions").out == "0\n")
  }

  @Test func anOrderPassesTheGateAndThePauseHoldsIt() throws {
    let shell = try world()
    try shell("dsl auto pause --for 1h --reason 'a move'")
    let held = try order(shell, "scale_up --live")
    #expect(held.status == 1 && held.out.contains("held back by paused"), "\(held)")
    #expect(try shell("ls coordination/agent_a-*").status != 0)
    try shell("dsl auto resume; touch coordination/.dsl/STOP")
    #expect(try order(shell, "scale_up --live").out.contains("held back by kill_switch"))
    try shell("rm coordination/.dsl/STOP")
    #expect(
      try order(shell, "scale_up --live --set approval.types=scale_up").out.contains("held back by approval"))
  }

  @Test func whileALoopLeadsAnOrderWaitsForItsNextCycle() throws {
    let shell = try world()
    let loop = try Program(
      shell, "exec dsl auto loop --interval 1 --format json --set gates.min_confidence=1")
    #expect(Moment.wait { !loop.objects.isEmpty }, "\(loop.err)")
    let left = try order(shell, "clear_cache --service shop --live --by alice")
    #expect(try query(left, ".data.result.outcome", shell) == "queued", "\(left)")
    #expect(Moment.wait { (try? shell("ls coordination/asked.json").status) == 0 }, "\(loop.err)")
    loop.signal(SIGTERM)
    #expect(Moment.wait { !loop.isRunning })
    let by =
      "dsl auto show $(dsl --json telemetry remediation-history | jq -r .data.history[0].decision_id)"
      + " --format json | jq -r '[.. | .ordered_by? // empty][0]'"
    #expect(try shell(by).out == "alice\n")
    #expect(try shell("dsl --json telemetry status | jq -c .data.remediation.orders").out == "[]\n")
  }

  @Test func whoOrderedWhatALoopCarriesOutCannotApproveIt() throws {
    let shell = try world()
    let loop = try Program(
      shell, "exec dsl auto loop --interval 1 --format json --set approval.types=clear_cache")
    #expect(Moment.wait(20) { !loop.objects.isEmpty }, "\(loop.err)")
    let left = try order(shell, "clear_cache --service shop --live --by alice")
    #expect(try query(left, ".data.result.outcome", shell) == "queued", "\(left)")
    let pending = "dsl --json auto pending | jq -r '.data.pending[0] | [.id, .ordered_by.name] | @tsv'"
    #expect(Moment.wait(20) { (try? shell(pending).out.hasSuffix("\talice\n")) == true }, "\(loop.err)")
    let id = try shell(pending).out.prefix { $0 != "\t" }
    let own = try shell("dsl auto approve \(id) --by Alice")
    #expect(own.status == 6 && own.err.contains("Alice ordered this"), "\(own)")
    #expect(try shell("ls coordination/asked.json").status != 0)
    #expect(try shell("dsl auto approve \(id) --by bob").status == 0)
    #expect(Moment.wait(20) { (try? shell("ls coordination/asked.json").status) == 0 }, "\(loop.err)")
    loop.signal(SIGTERM)
    #expect(Moment.wait(20) { !loop.isRunning })
  }

  /// The rules that are printed are the configuration that makes them; a file adds, replaces and turns off.
  @Test func securityRulesAreConfiguration() throws {
    let shell = try world()
    let rules = "dsl --json telemetry security-report --print-rules | jq -c .data.security.rules"
    let standard = try shell(rules).out
    try shell("dsl telemetry security-report --print-rules > rules.yaml; mv rules.yaml coordination/dsl.yaml")
    #expect(try shell(rules).out == standard && standard.contains("sql_injection"))
    let own = """
      security:
        rules:
          - {name: probing, off: true}
          - name: sql_injection
            type: injection
            tests: [{fields: [url.query, 'http.request.header.*'], contains: ['UNION SELECT']}]
            levels: {critical: 1}
            within: 10s
            meaning: a union
          - {name: night_shift, type: suspicious_access, sum: bytes, levels: {low: 5}, within: 1h, meaning: bytes}

      """
    try shell.write("coordination/dsl.yaml", Data(own.utf8))
    let names = "dsl --json telemetry security-report --print-rules | jq -c '[.data.security.rules[].name]'"
    #expect(
      try shell(names).out
        == #"["repeated_auth_failures","sql_injection","code_injection","path_traversal","forbidden","bytes_out","rows_out","night_shift"]"#
        + "\n")
    let drill = try shell("dsl telemetry simulate-security-event injection")
    #expect(drill.status == 4 && drill.err.contains("none of the rules in force"), "\(drill)")
    for (text, said) in [
      ("{name: probing, of: true}", #"dsl.yaml:3"#),
      ("{name: probin, off: true}", #"did you mean "probing""#),
      ("{name: probing, off: true, within: 1s}", "a rule that is off has no within"),
      ("{name: A b, off: true}", "expected 1 to 64 of a-z"),
      (
        "{name: a, type: injection, levels: {high: 2}, within: 1s, meaning: b}",
        "a rule needs tests, or a sum"
      ),
      (
        "{name: a, type: injections, sum: b, levels: {high: 2}, within: 1s, meaning: b}",
        #"did you mean "injection""#
      ),
      (
        "{name: a, type: injection, sum: b, levels: {high: 2, low: 3}, within: 1s, meaning: b}",
        "high has to need more than low"
      ),
      (
        "{name: a, type: injection, tests: [{fields: x, is: y}], levels: {low: 3}, within: 1s, meaning: b}",
        #""attributes" is missing"#
      ),
      (
        "{name: a, type: injection, tests: [{fields: x}], levels: {low: 3}, within: 1s, meaning: b}",
        "a test asks one thing"
      ),
      (
        "{name: a, type: injection, sum: b, levels: {low: 3}, within: 2d, meaning: b}",
        "security.rules[0].within"
      ),
    ] {
      try shell.write("coordination/dsl.yaml", Data("security:\n  rules:\n    - \(text)\n".utf8))
      let outcome = try shell("dsl telemetry security-report --print-rules")
      #expect(
        outcome.status == 65 && outcome.err.contains(said) && outcome.err.contains("dsl.yaml:3"),
        "\(text): \(outcome.err)")
    }
  }

  @Test func aSimulatedAttackIsReportedUntilItsTimeIsOver() throws {
    let shell = try world()
    try shell("chmod -R go-w .")
    #expect(
      try shell("dsl telemetry simulate-security-event injection --level critical --ip 198.51.100.7").status
        == 0)
    #expect(try shell("dsl telemetry simulate-security-event auth_failure --level low").status == 0)
    let report = "dsl --json telemetry security-report | jq -c '.data.report"
    #expect(
      try shell("\(report).threat_summary'").out
        == #"{"critical_threats":1,"high_threats":0,"medium_threats":0,"low_threats":0}"# + "\n")
    #expect(
      try shell("\(report) | [.events[] | [.event_type, .level, .rule, .simulated]]'").out
        == #"[["auth_failure","low","repeated_auth_failures",true],["injection","critical","sql_injection",true]]"#
        + "\n")
    #expect(
      try shell("\(report).suspicious_ips'").out == #"[{"ip":"198.51.100.7","events":1,"level":"critical"}]"#
        + "\n")
    #expect(try shell("dsl --json telemetry status | jq .data.security.total_events").out == "2\n")
    let threshold = ["DSLMODEL_SECURITY_THREAT_THRESHOLD": "0.2"]
    #expect(try shell("\(report).metrics.telemetry_threats'", threshold).out == "2\n")
    let retention = ["DSLMODEL_SECURITY_EVENT_RETENTION_HOURS": "0.01"]
    #expect(try shell("\(report).metrics.telemetry_events'", retention).out == "2\n")
    try shell(#"sed -i 's/"at":"20[0-9][0-9]/"at":"2020/g' coordination/.dsl/telemetry/security.json"#)
    #expect(try shell("\(report).metrics.telemetry_events'").out == "0\n")
    #expect(try shell("dsl telemetry simulate-security-event nonsense").status == 64)
  }

  @Test func whatIsConfiguredIsShownAndWhatIsWrongIsNamed() throws {
    let shell = try world()
    let show =
      "dsl --json config show | jq -c '[.data.settings[] | select(.key | startswith(\"remediation.m\")) | .value]'"
    #expect(
      try shell(show, ["DSLMODEL_REMEDIATION_MAX_CONCURRENT": "7"]).out == "[7,3]\n")
    for (text, said) in [
      ("commands: [{action: scale_up, command: [a]}]", "scale_up is carried out by the fleet itself"),
      ("commands: [{action: clear_cach, command: [a]}]", "did you mean \"clear_cache\""),
      ("commands: [{action: clear_cache}]", "\"command\" is missing"),
      ("plans: [{issue: error_spike, action: clear_cache, parameters: {percent: 0}}]", "percent is 0"),
      ("plans: [{issue: error_spikes, action: none}]", "did you mean \"error_spike\""),
    ] {
      try shell.write("coordination/dsl.yaml", Data("remediation:\n  \(text)\n".utf8))
      let outcome = try shell("dsl telemetry remediation-actions")
      #expect(outcome.status == 65 && outcome.err.contains(said), "\(text): \(outcome.err)")
    }
  }
}
