import Foundation
import Testing

/// `dsl auto replay` from outside: every replay is another process than the one that decided.
@Suite struct ReplayTests {
  @Test func whatWasDecidedIsDecidedAgain() throws {
    let shell = try Shell()
    try shell.copySample()
    #expect(try shell("dsl auto replay").status == 4)
    try shell("dsl auto execute")
    try shell("dsl auto execute --set limits.max_agents=20 --set limits.scale_factor=1.5")
    try shell("rm coordination/work_*.json")
    let before = try shell.content(of: "coordination")
    let outcome = try shell("dsl auto replay --all")
    #expect(outcome.status == 0, "\(outcome.out)\(outcome.err)")
    #expect(outcome.out.hasPrefix("2 of 2 cycles equal, "), "\(outcome.out)")
    #expect(try shell.content(of: "coordination") == before)
    let last = try shell("dsl auto replay --format json").json()
    #expect((last["cycles"] as? [Any])?.count == 1 && last["differing"] as? Int == 0)
  }

  @Test func anEditedPolicyIsReplayedAsItWasThen() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("dsl policy show default > coordination/mine.yaml")
    try shell("dsl auto execute --set policy=mine.yaml")
    #expect(try shell("dsl auto replay").status == 0)
    try shell("echo 'rules: none' > coordination/mine.yaml")
    let edited = try shell("dsl auto replay")
    #expect(edited.status == 0 && edited.out.hasPrefix("1 of 1 cycle equal, 3 decisions\n"), "\(edited.out)")
    try shell("rm coordination/mine.yaml")
    #expect(try shell("dsl auto replay").status == 0)
  }

  @Test func anotherPolicyIsComparedAndModelled() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("dsl auto execute")
    let one = try shell("dsl auto replay --policy dslmodel")
    #expect(one.status == 0 && one.out.contains("dropped scale_up of rule scale_up_critical"), "\(one.out)")
    #expect(one.out.hasSuffix("--all takes the whole journal\n"), "\(one.out)")
    try shell("for n in 1 2 3; do dsl auto execute --force-confidence 1 > out; dsl work add '{}' > out; done")
    let outcome = try shell("dsl auto replay --all --policy dslmodel")
    #expect(outcome.status == 0 && outcome.out.contains("over 4 cycles"), "\(outcome.out)")
    let data = try shell("dsl auto replay --all --policy dslmodel --format json").json()
    let modelled = try #require(data["modelled"] as? [String: Any])
    let cycles = try #require(modelled["cycles"] as? [[String: Any]])
    #expect(cycles.count == 4)
    let health =
      "dsl auto replay --all --policy dslmodel --format json | jq .modelled.cycles[0].observed.health_score"
    #expect(try shell(health).out == "0.28909090909090907\n")
    let then = try #require(modelled["journaled"] as? [String: Any])
    let candidate = try #require(modelled["candidate"] as? [String: Any])
    #expect(then["agent_cycles"] as? Int ?? 0 > candidate["agent_cycles"] as? Int ?? 0, "\(modelled)")
  }

  @Test func aPolicyForAHandlerThatIsGoneIsReplayed() throws {
    let shell = try Shell()
    try shell.copySample()
    let handlers = "programs: {handlers: [{type: page_someone, command: [/bin/false]}]}\n"
    try shell.write("coordination/dsl.yaml", Array(handlers.utf8))
    try shell.write(
      "coordination/page.yaml",
      Array(
        """
        name: page
        rules:
          - {name: page, type: page_someone, priority: 1, confidence: 0.5, when: {work_queue_size: {gt: 1}},
             description: d, rationale: r}
        """.utf8))
    let executed = try shell("dsl auto execute --set policy=page.yaml --min-confidence 0.9")
    #expect(executed.status == 0 && executed.out.contains("page_someone: held by confidence"), "\(executed)")
    try shell("rm coordination/dsl.yaml coordination/page.yaml")
    let replay = try shell("dsl auto replay --all")
    #expect(replay.status == 0 && replay.out.hasPrefix("1 of 1 cycle equal, 1 decision\n"), "\(replay)")
    let id = try shell("dsl auto history --format json | jq -r '.decisions[0].id'").out.dropLast()
    let explained = try shell("dsl auto explain \(id)")
    #expect(explained.out.contains("page matches") && explained.err.isEmpty, "\(explained)")
  }

  @Test(.enabled(if: Shell.has("sqlite3"), "sqlite3 is not installed"))
  func theRecordOfThenIsReplayedNotTheOneOfNow() throws {
    let shell = try Shell()
    try shell.copySample()
    let beat = "for agent in coordination/agent_a-*.json; do dsl agent heartbeat $(jq -r .id $agent); done"
    try shell("dsl auto execute; \(beat); dsl auto execute")
    let ledger = "sqlite3 coordination/.dsl/journal.sqlite"
    #expect(
      try shell("\(ledger) \"UPDATE ledger SET outcome='miss'; SELECT count(*) FROM ledger\"").out > "0")
    try shell("rm coordination/agent_a-*.json; dsl auto execute --format json > third")
    let value = """
      jq -r '.decisions[].decision | select(.type == "scale_up").assessment.terms[] | select(.name == "record").value' third
      """
    let record = try #require(Double(try shell(value).out.dropLast()), "the rule decided again")
    #expect(record < 1, "the miss took from its confidence")
    try shell("\(ledger) 'DELETE FROM ledger'")
    let replay = try shell("dsl auto replay --all")
    #expect(replay.status == 0 && replay.out.hasPrefix("3 of 3 cycles equal, "), "\(replay.out)")
    let id = try shell("jq -r '.decisions[] | select(.type == \"scale_up\").decision_id' third").out
      .dropLast()
    let explained = try shell(
      "dsl auto explain \(id) --format json | jq '.rules[0].confidence.terms[3].value'")
    #expect(Double(explained.out.dropLast()) == record)
  }

  @Test(.enabled(if: Shell.has("sqlite3"), "sqlite3 is not installed"))
  func aForgedDecisionIsFound() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("dsl auto execute")
    try shell(
      "sqlite3 coordination/.dsl/journal.sqlite "
        + "\"UPDATE decisions SET decision=replace(decision, '\\\"target_agents\\\":5', '\\\"target_agents\\\":6')\""
    )
    let outcome = try shell("dsl auto replay")
    #expect(outcome.status == 1)
    #expect(outcome.out.contains("parameters.target_agents is 6 in the journal and 5 now"), "\(outcome.out)")
  }
}
