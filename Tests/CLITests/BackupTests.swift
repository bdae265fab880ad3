import Foundation
import Testing

/// Backups and restores as an operator meets them.
@Suite struct BackupTests {
  private func prepared() throws -> Shell {
    let shell = try Shell()
    try shell.copySample()
    #expect(try shell("dsl work add '{\"n\":1}' --id mine && dsl auto execute").status == 0)
    return shell
  }

  @Test func aBackupIsATarThatIsAWorkingDirectory() throws {
    let shell = try prepared()
    let made = try shell("dsl --json backup create | jq -r .data.path")
    let path = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(path.hasPrefix("coordination/.dsl/backups/2") && path.hasSuffix("Z.tar.gz"), "\(made)")
    #expect(try shell("mkdir out && tar -xzf \(path) -C out && tar -tzf \(path)").status == 0)
    let diff = try shell("diff -r --exclude=.dsl coordination out/coordination")
    #expect(diff.status == 0, "\(diff.out)")
    let view = "jq -c '.data.metrics | {work_queue_size, completed_count, agent_count}'"
    let there = try shell("dsl --json auto status -c out/coordination | \(view)")
    #expect(
      try there.out == shell("dsl --json auto status | \(view)").out && there.out.contains("work_queue_size"))
    #expect(try shell("dsl auto history -c out/coordination").out == shell("dsl auto history").out)
    #expect(try shell("stat -c %a \(path)").out == "600\n")
  }

  @Test func aStreamIsTheSameArchive() throws {
    let shell = try prepared()
    let outcome = try shell("dsl backup create --to - > all.tar.gz && dsl backup verify all.tar.gz")
    #expect(
      outcome.status == 0 && outcome.out.hasPrefix("ok all.tar.gz: sound") || outcome.out.contains("sound"))
    #expect(outcome.err.hasPrefix("stdout: "), "\(outcome)")
    #expect(try shell("dsl --json backup create --to -").status == 64)
    let cut = try shell(
      "{ dsl backup create --to -; echo $? > status; } | head -c 100 > /dev/null; cat status")
    #expect(cut.out == "74\n" || cut.out == "0\n", "\(cut)")
  }

  @Test func verifyTellsSoundFromDoubtfulFromDamaged() throws {
    let shell = try prepared()
    try shell(
      "dsl backup create --to a.tgz && tar -czf plain.tgz coordination && head -c 900 a.tgz > cut.tgz")
    #expect(try shell("dsl backup verify a.tgz").status == 0)
    #expect(try shell("dsl backup verify plain.tgz").status == 1)
    let cut = try shell("dsl backup verify cut.tgz")
    #expect(cut.status == 72 && cut.err.contains("cut short"), "\(cut)")
    #expect(try shell("dsl backup verify nothing.tgz").status == 4)
    #expect(try shell("dsl backup verify").status == 4, "no backup in the directory yet")
    #expect(
      try shell("ln -s /etc coordination/l; tar -czf evil.tgz coordination; dsl backup verify evil.tgz")
        .status == 65)
    #expect(try shell("ls -A ${TMPDIR:-/tmp} | grep -c dsl-verify").out == "0\n")
  }

  @Test func aRestoreIsTakenBackByWhatItPrints() throws {
    let shell = try prepared()
    try shell("dsl backup create && dsl work add '{}' --id later")
    let before = try shell.content(of: "coordination").filter { !$0.key.hasPrefix(".dsl") }
    let refused = try shell("dsl restore latest")
    #expect(refused.status == 5 && refused.err.contains("--replace"), "\(refused)")
    let dry = try shell("dsl restore latest --replace --dry-run && ls")
    #expect(dry.status == 0 && !dry.out.contains("replaced-") && !dry.out.contains("restoring"), "\(dry)")
    let done = try shell("dsl restore latest --replace")
    #expect(
      done.status == 0 && done.out.contains("to take this back: dsl restore --undo coordination"), "\(done)")
    #expect(try shell("dsl work show later").status == 4)
    #expect(try shell("dsl work show mine").status == 0)
    #expect(try shell("dsl backup list").out.contains(".tar.gz"), "backups go along")
    #expect(try shell("dsl restore --undo coordination").status == 0)
    #expect(try shell.content(of: "coordination").filter { !$0.key.hasPrefix(".dsl") } == before)
    #expect(try shell("dsl work claim --agent a && dsl restore --undo coordination").status == 6)
  }

  @Test func nothingIsRestoredOverARunningEngine() throws {
    let shell = try prepared()
    let outcome = try shell(
      """
      dsl backup create > /dev/null
      dsl auto loop --interval 60 > /dev/null 2>&1 & loop=$!
      until dsl telemetry status --format json | jq -e .remediation.engine_acts > /dev/null; do sleep 0.1; done
      dsl restore latest --replace; echo $?
      kill $loop; wait $loop
      """)
    #expect(outcome.out == "75\n" && outcome.err.contains("an engine acts on coordination"), "\(outcome)")
  }

  @Test func anIdleAgentIsNotOverrunUnlessAskedFor() throws {
    let shell = try prepared()
    defer { shell.endProcesses() }
    try shell("dsl init fresh && dsl backup create -c fresh --to fresh.tgz")
    // Before the backup, so that its record is in it.
    let agent = try Program(shell, "exec dsl agent run -c fresh --id me --heartbeat 0.1s --exec true")
    try #require(Moment.wait { (try? shell("test -e fresh/agent_me.json").status) == 0 }, "\(agent.err)")
    try shell("dsl backup create -c fresh --to with.tgz")
    let refused = try shell("dsl restore with.tgz --to fresh --replace")
    #expect(refused.status == 75 && refused.err.contains("agents run in fresh: me"), "\(refused)")
    #expect(try shell("ls").out.contains("restoring") == false)
    #expect(try shell("dsl restore with.tgz --to fresh --replace --force").status == 0)
    #expect(try agent.end() == 0, "its record there is of another life")
    #expect(try shell("dsl restore --undo fresh").status == 0, "nobody runs: its process is gone")
  }

  @Test func aPointInTimeRollsLaterDecisionsBack() throws {
    let shell = try prepared()
    // What the sample's engine decided asks for an agent; without it there is none.
    let ids = try shell(
      "dsl auto history --format json | jq -r '.decisions[] | select(.outcome == \"executed\").id'"
    ).out
      .split(separator: "\n")
    let first = try #require(ids.last)
    let outcome = try shell(
      """
      dsl backup create > /dev/null
      dsl --json restore latest --to then --before-decision \(first) > report; echo $?
      jq -r '.data.rolled_back[].decision_id' report
      dsl auto history -c then --format json | jq '[.decisions[] | select(.outcome == "executed" and (.undone | not))] | length'
      """)
    let lines = outcome.out.split(separator: "\n")
    #expect(lines.first == "0" && lines.last == "0", "\(outcome)")
    #expect(Array(lines.dropFirst().dropLast()) == ids, "the latest first: \(outcome)")
    let none = try shell("dsl --json restore latest --to now --at 2100-01-01T00:00:00Z")
    #expect(none.status == 0 && none.out.contains("no backup is as late as"), "\(none)")
    #expect(try shell("dsl restore latest --to x --at soon").status == 65)
    #expect(try shell("dsl restore latest --to x --before-decision d-none").status == 4)
  }

  @Test func pruneKeepsWhatTheRulesSay() throws {
    let shell = try prepared()
    try shell(
      "for n in 1 2 3 4; do dsl backup create; done; cp coordination/agent_1.json coordination/.dsl/backups/x.tgz"
    )
    let dry = try shell("dsl backup prune --keep-last 1 --dry-run; ls coordination/.dsl/backups | wc -l")
    #expect(dry.status == 0 && dry.out.hasSuffix("5\n"), "\(dry)")
    let done = try shell("dsl backup prune --keep-last 1; ls coordination/.dsl/backups | wc -l")
    #expect(done.out.hasSuffix("2\n") && done.err.contains("1 archives are not of this directory"), "\(done)")
    #expect(try shell("dsl backup prune").status == 64)
    let moved = try shell("dsl backup create --set backup.directory=\"$PWD/store\" && ls store")
    #expect(moved.status == 0 && moved.out.contains(".tar.gz"), "\(moved)")
  }
}
