import Foundation
import Testing

/// The examples do what they say.
@Suite struct ExampleTests {
  @Test func theEmbeddedEngineUsesItsOwnScoreStrategyAndHandler() throws {
    let shell = try Shell()
    try shell.copySample()
    let outcome = try shell("EmbeddedEngine coordination")
    #expect(outcome.status == 0, "\(outcome.err)")
    // 0.5 * 3/11 + 0.2 * 2/3 + 0.2 * 0 + 0.1 * 4/10
    #expect(outcome.out.hasPrefix("health: 0.3096969696969697 (degraded)\n"), "\(outcome.out)")
    #expect(outcome.out.contains("emergency_scale p10 0.9: Heavy queue load detected"))
    #expect(outcome.out.contains("calling for help: 8 items wait"))
    #expect(outcome.out.contains("executed emergency_scale"))
    #expect(
      try shell("dsl auto history --format json | jq -r '.decisions[].type'").out.contains("emergency_scale"))
    #expect(try shell("dsl auto rollback --last 1").status == 5)
  }

  @Test(arguments: ["worker.sh", "worker.py"])
  func workersFinishEverythingAndStop(name: String) throws {
    let shell = try Shell()
    try shell.copySample()
    let worker = Shell.root.appendingPathComponent("examples/workers/\(name)").path
    let outcome = try shell(worker, ["COORDINATION_DIR": "coordination"])
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.split(separator: "\n").count == 8)
    #expect(try shell("ls coordination/work_* 2>/dev/null | wc -l").out == "0\n")
    let agents = try shell(
      "dsl agent list --format json | jq -r '.agents[] | select(.state == \"stopped\") | .id'")
    #expect(agents.out.contains("-"), "\(agents.out)")
  }
}
