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
    #expect(edited.status == 0 && edited.out.hasPrefix("1 of 1 cycles equal, 3 decisions"), "\(edited.out)")
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
