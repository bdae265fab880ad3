import Foundation
import Testing

/// Everybody at once, killed and stopped at random: a few seconds of `ci/torture/torture`.
@Suite struct CrashTortureTests {
  @Test(.enabled(if: Shell.has("python3"), "needs python3"))
  func theAccountBalances() throws {
    let shell = try Shell()
    defer { shell.endProcesses() }
    let seed = UInt64.random(in: 0..<1 << 32)
    let outcome = try shell(
      """
      python3 '\(Shell.root.path)/ci/torture/torture' --dsl "$(command -v dsl)" --seconds 6 --agents 3 --engines 2 \
        --writers 1 --seed \(seed)
      """)
    let report = try outcome.json()
    let numbers = report.compactMapValues { $0 as? Int }
    let named = ["added", "completed", "failed", "quarantined", "pending"]
    print("torture:", named.map { "\($0) \(numbers[$0] ?? -1)" }.joined(separator: ", "), "seed \(seed)")
    #expect(report["balance"] as? Bool == true, "seed \(seed): \(outcome.out)\(outcome.err)")
    #expect(outcome.status == 0)
    let places = named.dropFirst().reduce(0) { $0 + (numbers[$1] ?? 0) }
    #expect(numbers["added"] == places && places > 10, "seed \(seed)")
    #expect(
      numbers.contains { $0.key.hasPrefix("killed_") && $0.value > 0 }, "seed \(seed): somebody was killed")
  }
}
