import Foundation
import Glibc
import Testing

/// A worker that comes back after its lease has ended: its result is refused.
@Suite(.serialized) final class TortureLateWorkerTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  @Test func anAgentThatWasStoppedPastItsLease() throws {
    try shell.makeQueue(items: 1)
    let late = try Program(
      shell,
      """
      exec dsl --json agent run --id late --lease 1s --until-idle 0.5s \
        --exec 'echo begun > begun; sleep 0.4; echo late'
      """)
    try #require(Moment.wait { !shell.lines("begun").isEmpty }, "\(late.err)")
    late.signal(SIGSTOP)
    // The lease has not ended yet, and nobody else gets the item before it has.
    let next = try shell("dsl agent run --id next --lease 30s --until-idle 2.5s --exec 'echo next'")
    #expect(next.status == 0, "\(next.err)")
    let before = try shell.record("completed_i1")
    #expect(before["agent_id"] as? String == "next")
    #expect(before["result"] as? String == "next")
    #expect(before["epoch"] as? Int == 2)

    late.signal(SIGCONT)
    #expect(try late.end() == 0)
    let report = try #require(try late.json()["data"] as? [String: Any])
    #expect(report["completed"] as? Int == 0)
    #expect(report["lost"] as? Int == 1)
    #expect(late.err.contains("i1"))
    #expect(try shell.record("completed_i1") as NSDictionary == before as NSDictionary)
    #expect(try shell.records("completed_") == ["completed_i1"])
    #expect(try shell.records("work_").isEmpty)
  }

  @Test func aShellWorkerWhoseItemPassedOn() throws {
    try shell.makeQueue(items: 1)
    let outcome = try shell(
      """
      dsl work claim --agent late --lease 0.2s > late.json
      sleep 0.3
      dsl work claim --agent next > next.json
      dsl work complete --claim late.json --result '"late"'; echo late $?
      dsl work renew --claim late.json; echo renew $?
      dsl work progress --claim late.json --percent 50; echo progress $?
      dsl work fail --claim late.json --error no; echo fail $?
      dsl work complete --claim next.json --result '"next"'; echo next $?
      dsl work complete --claim next.json --result '"again"'; echo again $?
      """)
    #expect(
      outcome.out.split(separator: "\n").filter { !$0.hasPrefix("completed") }
        == ["late 5", "renew 5", "progress 5", "fail 5", "next 0", "again 5"])
    #expect(outcome.err.contains("next"), "the refusal names the holder")
    #expect(try shell.records("completed_") == ["completed_i1"])
    #expect(try shell.record("completed_i1")["result"] as? String == "next")
    #expect(try shell.record("completed_i1")["epoch"] as? Int == 2)
  }
}
