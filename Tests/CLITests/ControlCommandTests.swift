import DSLBase
import Foundation
import Testing

/// Pauses, the kill switch, approvals and the audit, with the real binary.
@Suite struct ControlCommandTests {
  private let shell: Shell

  init() throws {
    shell = try Shell()
    try shell.copySample()
  }

  private func gates() throws -> [String] {
    try shell("dsl auto execute --format json | jq -r '.decisions[] | .gate // .outcome'")
      .out.split(separator: "\n").map(String.init)
  }

  @Test func aPauseHoldsAndIsToldEverywhere() throws {
    #expect(try shell("dsl auto pause --for 2h --reason 'a move' --by alice").status == 0)
    #expect(Set(try gates()) == ["paused"])
    #expect(try shell("dsl auto status").out.contains("by alice because a move"))
    #expect(try shell("dsl --json auto analyze | jq -r .data.control.paused.by").out == "alice\n")
    #expect(try shell("dsl auto resume").status == 0)
    #expect(try shell("dsl auto resume").status == 6)
    #expect(try !gates().contains("paused"))
    #expect(try shell("dsl auto pause --for never --reason x").status == 65)
    #expect(try shell("dsl auto pause --for 1h").status == 64, "without a reason")
  }

  @Test func theKillSwitchStopsUndoingToo() throws {
    #expect(try shell("dsl auto execute").status == 0)
    try shell("echo 'fire in the rack' > coordination/.dsl/STOP")
    #expect(Set(try gates()) == ["kill_switch"])
    #expect(try shell("dsl auto status").out.contains("fire in the rack"))
    let refused = try shell("dsl auto rollback --last 1")
    #expect(refused.status == 6 && refused.err.contains("--despite-kill-switch"))
    #expect(try shell("dsl auto rollback --last 1 --despite-kill-switch").status == 0)
  }

  @Test func anApprovalFromTheRequestToTheEffect() throws {
    try shell.write("coordination/dsl.yaml", Array("approval: {two_person: [scale_up]}\n".utf8))
    #expect(try gates().contains("approval"))
    let id = try shell("dsl auto pending --format json | jq -r '.pending[0].id'").out.dropLast()
    #expect(id.hasPrefix("p-"))
    #expect(try shell("dsl auto approve p-none").status == 4)
    #expect(try shell("dsl auto approve \(id)").status == 6, "the account of the loop")
    #expect(try shell("dsl auto approve \(id) --by alice", ["DSL_AGENT_ID": "a1"]).status == 6, "an agent")
    #expect(try shell("dsl auto approve \(id) --by alice").out.contains("1 of 2"))
    #expect(try shell("dsl auto approve \(id) --by ALICE").status == 5)
    #expect(try gates().contains("approval"), "one of two people")
    #expect(try shell("dsl auto approve \(id) --by bob --comment 'looked at it'").status == 0)
    #expect(try gates().contains("executed"))
    let done = try shell("dsl auto pending --all --format json | jq -r '.pending[] | .status, .used_by'").out
    #expect(done.hasPrefix("used\nd-"))
    #expect(try shell("dsl auto approve \(id) --by carol").status == 5)
    #expect(try shell("dsl journal verify").status == 0)
  }

  @Test(.enabled(if: Shell.has("sqlite3"), "sqlite3 is not installed"))
  func whatIsChangedInTheJournalIsNamed() throws {
    #expect(try shell("dsl journal verify").status == 4, "there is none")
    try shell("dsl auto execute")
    let head = try shell("dsl auto status --format json | jq -r .journal_head").out.dropLast()
    #expect(try shell("dsl journal verify --head \(head)").status == 0)
    let span = try shell(
      "grep -o 'dsl.journal.head[^}]*' coordination/.dsl/telemetry/spans.jsonl | grep -oE '[0-9a-f]{64}'"
    ).out.dropLast()
    #expect(try shell("dsl journal verify --head \(span)").status == 0, "the head is in the spans")
    try shell("sqlite3 coordination/.dsl/journal.sqlite \"UPDATE decisions SET message = 'nothing'\"")
    let outcome = try shell("dsl journal verify")
    #expect(outcome.status == 1 && outcome.err.contains("(outcome of d-"))
    #expect(try shell("dsl journal verify --head nonsense").status == 64)
  }

  @Test func theJournalIsExportedLineByLine() throws {
    try shell.write("coordination/dsl.yaml", Array("approval: {types: [scale_up]}\n".utf8))
    try shell("dsl auto execute; dsl auto approve p --by alice; dsl auto execute; dsl auto rollback --last 1")
    let whole = try shell("dsl auto history --format jsonl > all; jq -s -c '[.[].kind] | unique' all").out
    for kind in ["approval", "cycle", "cycle_end", "genesis", "intent", "outcome", "policy", "step", "undo"] {
      #expect(whole.contains("\"\(kind)\""), "\(kind)")
    }
    let head = try shell(
      "dsl auto status --format json | jq -r .journal_head; jq -s -r 'map(select(.kind != \"state\" and .kind != \"prune\"))[-1].hash' all"
    ).out
    #expect(Set(head.split(separator: "\n")).count == 1, "the last line is the head")
    #expect(try shell("jq -s -e 'map(.seq) == [range(1; length + 1)]' all").status == 0)
    let approved = try shell("dsl auto history --format jsonl --by alice | jq -r .ref | sort -u").out
    #expect(approved.split(separator: "\n").count == 1, "of one decision")
    #expect(try shell("dsl auto history --format jsonl --type none").out.isEmpty)
    #expect(try shell("dsl auto history --format jsonl --limit 3 | wc -l").out == "3\n")
    // Refused for want of approval, then carried out, then undone.
    try shell.expectDeclaredSpans(including: ["swarmsh.autonomous.scaling_decision"])
    let events = try shell.spans().flatMap { $0["events"]?.array ?? [] }
    #expect(events.contains { $0["name"] == "decision.refused" })
  }

  @Test func historyIsFiltered() throws {
    try shell("dsl auto execute; dsl auto execute; dsl auto rollback --last 1")
    func count(_ options: String) throws -> String {
      String(try shell("dsl auto history \(options) --format json | jq .count").out.dropLast())
    }
    let all = try count("--limit 100")
    #expect(try count("--rule scale_up_critical") == "1" && count("--target fleet --type scale_up") != "0")
    #expect(try count("--since 1h --limit 100") == all && count("--until 1h") == "0")
    #expect(try count("--since 2100-01-01T00:00:00Z") == "0" && count("--by 'dsl auto rollback'") == "1")
    let ids = try shell("dsl auto history --format json | jq -r '.decisions[].id'").out.split(separator: "\n")
    let oldest = try shell("dsl auto history --reverse --limit 1 --format json | jq -r '.decisions[].id'").out
    #expect(oldest.dropLast() == ids[ids.count - 1])
    let second = try shell("dsl auto history --offset 1 --limit 1 --format json | jq -r '.decisions[].id'")
      .out
    #expect(second.dropLast() == ids[1])
    #expect(try shell("dsl auto history --since yesterday").status == 65)
    let shown = try shell("dsl auto show \(oldest.dropLast())").out
    #expect(shown.contains("intended") || shown.contains("refused"))
  }
}
