import Testing

/// The document's own one-liners, word for word, over the sample.
@Suite struct OneLinerTests {
  private static let statusLines: [(String, String)] = [
    ("dsl --json auto status | jq .data.status.health_score", "0.28909090909090907"),
    ("dsl --json auto status | jq .data.status.active_agents", "2"),
    ("dsl --json auto status | jq .data.status.work_queue_size", "8"),
    ("dsl --json auto status | jq '.data.recent_decisions'", "[]"),
    ("dsl --json auto status | jq '.data.recent_decisions | length'", "0"),
    ("dsl --json auto status | jq -r .data.status.health_state", "critical"),
    ("dsl --json auto status | jq -r .data.health_state", "critical"),
    (
      #"""
      dsl --json auto status | jq -r '
        "autonomous_health_score " + (.data.status.health_score | tostring),
        "autonomous_active_agents " + (.data.status.active_agents | tostring),
        "autonomous_work_queue_size " + (.data.status.work_queue_size | tostring)
      '
      """#,
      "autonomous_health_score 0.28909090909090907\nautonomous_active_agents 2\nautonomous_work_queue_size 8"
    ),
    (
      #"""
      dsl --json auto status | jq -r '
        "autonomous_health_score{environment=\"production\"} " + (.data.status.health_score | tostring),
        "autonomous_decisions_executed{environment=\"production\"} " + (.data.recent_decisions | length | tostring)
      '
      """#,
      """
      autonomous_health_score{environment="production"} 0.28909090909090907
      autonomous_decisions_executed{environment="production"} 0
      """
    ),
    (
      #"HEALTH=$(dsl --json auto status | jq '.data.status.health_score'); echo "$HEALTH < 0.3" | bc -l"#, "1"
    ),
  ]

  @Test(arguments: statusLines)
  func status(script: String, expected: String) throws {
    let shell = try Shell()
    try shell.copySample()
    let outcome = try shell(script)
    #expect(outcome.out == expected + "\n", "\(outcome.err)")
  }

  @Test(arguments: [
    "dsl auto analyze --format json | jq '.decisions[].confidence'",
    "dsl --json auto analyze | jq '.decisions[] | select(.confidence > 0.7) | .confidence'",
    "dsl auto analyze --format json --verbose | jq '.decisions[].confidence'",
  ])
  func analyze(script: String) throws {
    let shell = try Shell()
    try shell.copySample()
    let values = try shell(script).out.split(separator: "\n").compactMap { Double($0) }
    #expect(!values.isEmpty)
    #expect(values.allSatisfy { $0 > 0.5 && $0 <= 1 })
  }

  @Test func executeAndLoopAsTheDocumentCallsThem() throws {
    let shell = try Shell()
    try shell.copySample()
    #expect(try shell("dsl auto execute --max 1 --format json --verbose | jq .decisions_generated").out > "0")
    #expect(try shell("dsl auto execute --max 1 --force-confidence 0.5").status == 0)
    #expect(try shell("dsl auto loop --interval 30 --max-cycles 1").status == 0)
    #expect(try shell("dsl --json auto status | jq '.data.recent_decisions | length'").out > "0")
  }

  private static let telemetryLines: [(String, String)] = [
    ("dsl --json telemetry status | jq .data.telemetry.health_score", "null"),
    ("dsl --json telemetry status | jq .data.remediation.active_remediations", "0"),
    ("dsl --json telemetry status | jq .data.security.total_events", "0"),
    ("dsl --json telemetry remediation-history | jq '.data.history[].success'", ""),
    (
      "dsl --json telemetry security-report | jq -c .data.report.threat_summary",
      #"{"critical_threats":0,"high_threats":0,"medium_threats":0,"low_threats":0}"#
    ),
  ]

  @Test(arguments: telemetryLines)
  func telemetry(script: String, expected: String) throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("chmod -R go-w coordination")
    let before = try shell.content(of: "coordination")
    let outcome = try shell(script)
    #expect(outcome.out == (expected.isEmpty ? "" : expected + "\n"), "\(outcome.err)")
    #expect(try shell.content(of: "coordination") == before)
  }

  @Test func telemetryTellsWhatIsAndWhatWasDone() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell(
      #"""
      for n in 1 2; do
        printf '{"timestamp":"%s","metrics":{"response_time":2000,"success_rate":0.75}}' "$(date -u +%FT%TZ)" \
          > coordination/telemetry_now$n.json
      done
      """#)
    #expect(
      try shell("dsl --json telemetry status | jq '.data.telemetry.health_score * 100 | round'").out == "65\n"
    )
    #expect(try shell("dsl --json telemetry status | jq .data.remediation.success_rate").out == "null\n")
    try shell("dsl auto execute --max 1")
    #expect(
      try shell("dsl --json telemetry remediation-history | jq '.data.history[].success'").out == "true\n")
    #expect(
      try shell("dsl --json telemetry status | jq '.data.remediation.success_rate == 1'").out == "true\n")
    let trace = try shell("dsl --json telemetry remediation-history | jq -r '.data.history[0].trace_id'").out
    #expect(try shell("grep -c \(trace.dropLast()) coordination/.dsl/telemetry/spans.jsonl").out > "0")
    let spans = "dsl --json telemetry status | jq '.data.telemetry.span_counts"
    #expect(try shell(spans + #"["swarmsh.autonomous.cycle_complete"]'"#).out == "1\n")
  }

  @Test func anEngineThatActsIsSeen() throws {
    let shell = try Shell()
    try shell.copySample()
    let script = #"""
      mkdir -p coordination/.dsl
      flock -n coordination/.dsl/engine.lock dsl --json telemetry status | jq .data.remediation.engine_acts
      dsl --json telemetry status | jq .data.remediation.engine_acts
      """#
    try #require(Shell.has("flock"), "flock(1) of util-linux")
    #expect(try shell(script).out == "true\nfalse\n")
  }

  @Test func weakPermissionsAreFoundAndTheFixMendsThem() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell(
      #"""
      chmod 755 . ; chmod -R go-w coordination; printf 'agents:\n  command: sh ./worker.sh\n' > coordination/dsl.yaml
      echo 'exit 0' > worker.sh; chmod 777 worker.sh; chmod 666 coordination/dsl.yaml
      ln -s work_1.json coordination/work_9.json
      """#)
    let summary = "dsl --json telemetry security-report | jq -c '.data.report.threat_summary | [.[]]'"
    #expect(try shell(summary).out == "[2,0,1,0]\n")
    let fixes =
      "dsl --json telemetry security-report | jq -r '.data.report.threats[].fix | select(startswith(\"chmod\"))'"
    #expect(try shell("\(fixes) | sh").status == 0)
    #expect(try shell(summary).out == "[0,0,1,0]\n")
  }

  @Test func statusAndAnalysisAndDryRunsChangeNothing() throws {
    let shell = try Shell()
    try shell.copySample()
    let before = try shell.content(of: "coordination")
    for command in ["status", "analyze", "execute --dry-run", "loop --max-cycles 1 --dry-run", "history"] {
      #expect(try shell("dsl auto \(command)").status == 0, "\(command)")
      #expect(try shell.content(of: "coordination") == before, "\(command)")
    }
  }
}
