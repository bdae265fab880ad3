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

  @Test func anotherPolicyIsComparedAndAChangedOneRefused() throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("dsl policy show default > coordination/mine.yaml")
    try shell("dsl auto execute --set policy=mine.yaml")
    #expect(try shell("dsl auto replay").status == 0)
    let other = try shell("dsl auto replay --policy dslmodel")
    #expect(
      other.status == 0 && other.out.contains("dropped scale_up of rule scale_up_critical"), "\(other.out)")
    try shell("echo '# changed' >> coordination/mine.yaml")
    let changed = try shell("dsl auto replay")
    #expect(
      changed.status == 1
        && changed.out.contains("cannot be replayed: the policy mine.yaml has changed since"))
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
