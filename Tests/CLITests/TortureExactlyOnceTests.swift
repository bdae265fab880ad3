import Foundation
import Testing

/// Many workers, one queue, kills at random: a small run of `ci/torture/exactly_once.sh`.
@Suite struct TortureExactlyOnceTests {
  @Test(.enabled(if: Shell.has("jq"), "needs jq"))
  func everyItemIsCompletedOnce() throws {
    let shell = try Shell()
    defer { shell.endProcesses() }
    // What is proved does not need a disk, and one would take most of the time.
    let place = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : shell.directory.path
    let seed = UInt64.random(in: 0..<30_000)
    let outcome = try shell(
      """
      '\(Shell.root.path)/ci/torture/exactly_once.sh' --items 1500 --agents 6 --shells 2 --lease 2 --limit 100 \
        --seed \(seed) --dsl "$(command -v dsl)"
      """, ["TMPDIR": place])
    #expect(outcome.status == 0, "seed \(seed): \(outcome.out)\(outcome.err)")
    let report = try outcome.json()
    let numbers = report.compactMapValues { $0 as? Int }
    #expect(numbers["added"] == 1500)
    #expect(numbers["completed"] == 1500)
    #expect(numbers["distinct"] == 1500)
    for nought in [
      "completed_twice", "overlaps", "epoch_regressions", "completed_without_execution", "live_files",
      "failed",
      "quarantined", "pending",
    ] { #expect(numbers[nought] == 0, "\(nought), seed \(seed)") }
    // The run was what it is meant to be: workers died, and what they held was done again by others.
    #expect(numbers["kills"] ?? 0 > 0)
    #expect(numbers["executions"] ?? 0 >= 1500)
    #expect(shell.processes.isEmpty)
  }
}
