import Foundation
import RandomPolicies
import Testing

/// What holds of every policy across processes: each `dsl` here is one of its own.
@Suite struct RandomPolicyTests {
  private static let metrics = [
    "completion_rate", "active_agents", "work_queue_size", "completed_count", "telemetry_volume",
    "pending_work", "idle_agents", "busy_agents", "stale_agents", "starting_agents", "error_rate",
  ]

  @Test(arguments: [7, 20_261_121] as [UInt64])
  func twoProcessesAgree(seed: UInt64) throws {
    let shell = try Shell()
    try shell.copySample()
    try shell("echo '{\"active_agents\": 6, \"work_queue_size\": 1, \"completed_count\": 30}' > state")
    var source = RandomPolicy(seed: seed, metrics: Self.metrics)
    for number in 0..<4 {
      let text = source.text()
      try shell.write("coordination/p\(number).yaml", Array(text.utf8))
      let outcome = try shell(
        """
        set -e
        dsl policy show coordination/p\(number).yaml > copy.yaml
        cmp coordination/p\(number).yaml copy.yaml
        for policy in coordination/p\(number).yaml copy.yaml; do
          dsl auto explain --state state --policy ./$policy --format json |
            jq -c 'del(.. | .created_at?)' >> explained
        done
        [ $(sort -u explained | wc -l) = 1 ] && rm explained
        dsl auto execute --set policy=p\(number).yaml > out || true
        dsl auto replay --all
        """)
      #expect(outcome.status == 0, "seed \(seed), policy \(number): \(outcome.out)\(outcome.err)\n\(text)")
      let cycles = number == 0 ? "1 of 1 cycle" : "\(number + 1) of \(number + 1) cycles"
      #expect(outcome.out.contains("\(cycles) equal"), "\(outcome.out)")
    }
  }
}
