import Foundation
import Testing

/// `dsl policy` from outside.
@Suite struct PolicyTests {
  private let examples = Shell.root.appendingPathComponent("examples/policies").path

  @Test func checkTellsTheFaultsOfTheOriginalRules() throws {
    let shell = try Shell()
    let outcome = try shell("dsl policy check dslmodel --format json")
    #expect(outcome.status == 1 && outcome.err.isEmpty)
    let data = try outcome.json()
    #expect(data["clean"] as? Bool == false && data["grid_states"] as? Int == 73_997)
    let findings = try #require(data["findings"] as? [[String: Any]])
    let kinds = findings.compactMap { $0["kind"] as? String }
    #expect(kinds == ["dead_zone", "dead_zone", "runaway", "runaway", "not_produced", "not_produced"])
    let sample = try #require(findings[0]["sample"] as? [String: Any])
    #expect(sample["active_agents"] as? Int == 2 && sample["work_queue_size"] as? Int == 8)
    let trace = try #require(findings[2]["trace"] as? [[String: Any]])
    #expect(trace.compactMap { $0["active_agents"] as? Int } == Array(2...13))
  }

  @Test func aFindingIsDerivedAgainFromItsTrace() throws {
    let shell = try Shell()
    try shell("dsl policy show dslmodel > mine.yaml")
    let check = try shell("dsl policy check mine.yaml --traces faults --set limits.max_agents=7")
    #expect(check.status == 1 && check.out.contains("trace: dsl auto replay --trace faults/runaway-1.json\n"))
    try shell("rm mine.yaml")
    for name in ["dead_zone-1", "dead_zone-2", "runaway-1", "runaway-2"] {
      let replay = try shell("dsl auto replay --trace faults/\(name).json")
      #expect(replay.status == 0, "\(replay.out)\(replay.err)")
      #expect(
        replay.out.hasSuffix(" decisions derived again: equal\nthe finding is confirmed\n"), "\(replay.out)")
    }
    try shell("sed 's/\"target_agents\": 5/\"target_agents\": 50/' faults/runaway-1.json > forged.json")
    let forged = try shell("dsl auto replay --trace forged.json")
    #expect(forged.status == 1)
    #expect(
      forged.out.contains("cycles[2].decisions[0].parameters.target_agents is 50 in the trace and 5 now"),
      "\(forged.out)")
    try shell("sed 's/active_agents: {lt: 2}/active_agents: {lt: 3}/' faults/dead_zone-1.json > other.json")
    let other = try shell("dsl auto replay --trace other.json")
    #expect(other.status == 1 && other.out.contains("the finding does not show"), "\(other.out)")
    #expect(try shell("dsl auto replay --trace none.json").status == 4)
    #expect(try shell("dsl auto replay --trace mine.json --all").status == 64)
    #expect(try shell("echo '{' > broken.json; dsl auto replay --trace broken.json").status == 72)
  }

  @Test func checkOfACleanPolicyEndsWithZero() throws {
    let outcome = try Shell()("dsl policy check \(examples)/night-shift.yaml")
    #expect(outcome.status == 0 && outcome.out.hasSuffix("no faults\n"), "\(outcome.out)")
  }

  @Test func diffOfAPolicyAndItselfIsEmpty() throws {
    let shell = try Shell()
    let file = "\(examples)/night-shift.yaml"
    let same = try shell("dsl policy diff \(file) \(file)")
    #expect(same.status == 0 && same.out == "0 of 591976 states differ\n")
    try shell("sed 's/gt: 15/gt: 14/' \(file) > other.yaml")
    let other = try shell("dsl policy diff \(file) other.yaml")
    #expect(other.status == 1)
    #expect(other.out.contains("nothing") && other.out.contains(" agents, 15 items, "), "\(other.out)")
  }

  @Test func aTableHoldsOrSaysWhereNot() throws {
    let shell = try Shell()
    let table = "\(examples)/default.test.yaml"
    let good = try shell("dsl policy test \(table)")
    #expect(good.status == 0 && good.out.hasSuffix("6 of 6 tests passed\n"), "\(good.out)")
    let bad = try shell("dsl policy test \(table) --policy dslmodel")
    #expect(bad.status == 1 && bad.out.contains("expected 2 decisions, found none"), "\(bad.out)")
    try shell.write("t.yaml", Array("tests: [{name: a, state: {x: 1}, expect: []}]\n".utf8))
    let broken = try shell("dsl policy test t.yaml")
    #expect(broken.status == 65 && broken.err.contains("t.yaml:1:27: tests[0].state: unknown key \"x\""))
    #expect(try shell("dsl policy test none.yaml").status == 4)
  }
}
