import Foundation
import Testing

/// The program dies at a system call that changes the disk: a seeded part of `ci/torture/kill_sweep`, which checks what the
/// next one makes of it, and the order of calls on the way to a record's name.
@Suite struct CrashKillTests {
  @Test(
    .enabled(if: Shell.has("strace") && Shell.has("python3"), "needs strace(1) and python3"))
  func aDeathAtAnySystemCall() throws {
    let shell = try Shell()
    let seed = UInt64.random(in: 0..<1 << 32)
    let outcome = try shell(
      "python3 '\(Shell.root.path)/ci/torture/kill_sweep' --dsl \"$(command -v dsl)\" --sample 40 --seed \(seed)"
    )
    #expect(outcome.status == 0, "seed \(seed): \(outcome.out)\(outcome.err)")
    let report = try outcome.json()
    let numbers = report.compactMapValues { $0 as? Int }
    print(
      "kill sweep: \(numbers["scenarios"] ?? 0) scenarios, \(numbers["kills"] ?? 0) deaths of",
      "\(numbers["points"] ?? 0) possible, \(numbers["commits_in_order"] ?? 0) commits in order, seed \(seed)"
    )
    #expect(report["violations"] as? [String] == [], "seed \(seed)")
    #expect(numbers["kills"] ?? 0 >= 20, "seed \(seed)")
    #expect(numbers["commits_in_order"] ?? 0 > 0, "seed \(seed)")
  }
}
