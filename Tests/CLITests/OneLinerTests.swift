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
