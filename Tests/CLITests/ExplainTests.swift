import Foundation
import Testing

/// `dsl auto explain` from outside.
@Suite struct ExplainTests {
  @Test func whatIsSeenNowIsExplained() throws {
    let shell = try Shell()
    try shell.copySample()
    let before = try shell.content(of: "coordination")
    let outcome = try shell("dsl auto explain --policy dslmodel --rule critical_queue")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(
      outcome.out.contains(
        "critical_queue does not match: work_queue_size is 8, required > 15\n"
          + "  needs work_queue_size >= 16, is 8\n"), "\(outcome.out)")
    #expect(try shell.content(of: "coordination") == before)
    let all = try shell("dsl auto explain --format json").json()
    let rules = try #require(all["rules"] as? [[String: Any]])
    #expect(rules.count == 12)
    for rule in rules { #expect((rule["distance"] as? String)?.isEmpty == false) }
    #expect(try shell("dsl auto explain --rule nothing").status == 4)
  }

  @Test func aJournaledDecisionIsExplainedFromItsOwnCycle() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("dsl auto execute")
    let history = try shell("dsl auto history --format json").json()
    let decisions = try #require(history["decisions"] as? [[String: Any]])
    let scaled = try #require(decisions.first { $0["type"] as? String == "scale_up" })
    let id = try #require(scaled["id"] as? String)
    try shell("rm coordination/work_*.json")
    let outcome = try shell("dsl auto explain \(id) --format json")
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome.err)")
    let rules = try #require(try outcome.json()["rules"] as? [[String: Any]])
    #expect(rules.count == 1 && rules[0]["outcome"] as? String == "matches")
    #expect((rules[0]["decision"] as? [String: Any])?["id"] as? String == id)
    let gates = try #require(rules[0]["gates"] as? [[String: Any]])
    #expect(
      gates.allSatisfy { $0["passed"] as? Bool == true }, "what came later is not held against it: \(gates)")
    #expect(try shell("dsl auto explain d-none").status == 4)
  }

  @Test func confidenceIsTakenApart() throws {
    let shell = try Shell()
    try shell.copySample()
    let show = "dsl auto explain --rule scale_up_critical --set gates.min_confidence=0.9"
    let before = try shell(show).out
    #expect(
      before.contains(
        "\n  confidence 0.86, gate 0.90: one fresh record of telemetry short\n    0.95 is the rule's\n"
          + "    × 0.9 freshness 0: telemetry: the newest is "), "\(before)")
    try shell("for n in 1 2 3; do echo '{' > coordination/work_broken$n.json; done")
    let short = try shell(show).out
    #expect(
      short.contains(
        "confidence 0.74, gate 0.90: two readable records of work and one fresh record of telemetry short\n")
        && short.contains("    × 0.8636 completeness 0.7273: work: 3 of 11 records cannot be read\n"),
      "\(short)")
    let filter = ".rules[0].confidence | [.ceiling, .required, .lacks, (.terms | length)]"
    #expect(
      try shell("\(show) --format json | jq -c '\(filter)'").out
        == "[0.95,0.9,\"two readable records of work and one fresh record of telemetry\",4]\n")
  }

  @Test func whenAGateLetsPassIsTold() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("dsl auto execute; rm coordination/agent_a-*.json")
    let time = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"
    for (command, filter) in [
      ("analyze", ".decisions[].gate | select(.refused_by == \"cooldown\").free_at"),
      ("execute", ".decisions[] | select(.gate == \"cooldown\").free_at"),
    ] {
      let told = try shell("dsl auto \(command) --format json | jq -r '\(filter)' | grep -cE '^\(time)$'")
      #expect(told.out > "0", "\(command)")
    }
  }

  @Test func aStateFromAFileIsExplained() throws {
    let shell = try Shell()
    try shell.write("s.json", Array(#"{"active_agents": 1, "work_queue_size": 16}"#.utf8))
    let outcome = try shell("dsl auto explain --state s.json --policy dslmodel")
    #expect(outcome.status == 0 && outcome.out.hasPrefix("Health: 0.06 critical = "), "\(outcome.out)")
    #expect(
      outcome.out.contains("critical_agents matches\n") && outcome.out.contains("confidence lets it pass"))
    try shell.write("s.json", Array(#"{"active_agent": 1}"#.utf8))
    let broken = try shell("dsl auto explain --state s.json")
    #expect(broken.status == 65 && broken.err.contains("did you mean \"active_agents\""), "\(broken.err)")
    #expect(try shell("dsl auto explain d-1 --state s.json").status == 64)
  }
}
