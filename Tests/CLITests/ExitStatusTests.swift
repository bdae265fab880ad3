import Foundation
import Testing

/// The table of exit statuses in `docs/cli.md`, by experiment.
@Suite struct ExitStatusTests {
  private let shell: Shell

  init() throws {
    shell = try Shell()
    try shell.copySample()
  }

  private static let table: [(String, Int32)] = [
    ("dsl auto status", 0), ("dsl auto status --exit-code", 2),
    ("dsl auto status --fail-below 0.3", 1), ("dsl auto status --fail-below 0.28", 0),
    ("dsl auto status -c nowhere", 3), ("mkdir empty; dsl auto status -c empty", 3),
    ("dsl auto analyze -c nowhere", 3), ("dsl auto execute -c nowhere", 4),
    ("dsl telemetry status", 0), ("dsl telemetry status -c nowhere", 3),
    ("dsl telemetry remediation-history", 0), ("dsl telemetry remediation-history --limit -1", 64),
    ("dsl telemetry security-report", 0), ("dsl telemetry security-report -c nowhere", 4),
    ("dsl doctor", 1), ("dsl init fresh; dsl doctor -c fresh", 0), ("dsl doctor -c nowhere", 2),
    ("echo '{' > coordination/work_x.json; dsl doctor", 2), ("dsl doctor --set policy=none", 2),
    ("dsl import swarmsh nowhere", 4), ("dsl import swarmsh coordination", 4), ("dsl import swarmsh", 64),
    ("dsl journal check", 0), ("dsl journal prune", 4), ("dsl auto execute; dsl journal prune", 0),
    ("dsl journal prune --keep-days 1 --before 2026-01-01T00:00:00Z", 64),
    ("dsl auto execute; dsl journal prune --before soon", 65),
    ("dsl auto show d-none", 4), ("dsl work show nothing", 4),
    ("dsl work add '{\"id\":\"1\"}'", 5), ("dsl auto rollback --last 1", 4),
    ("dsl frobnicate", 64), ("dsl auto status --no-such-flag", 64), ("dsl auto rollback", 64),
    ("dsl work add '[1]'", 65), ("dsl --set nothing=1 config show", 65),
    ("DSLMODEL_AUTO_MAX_AGENTS=many dsl config show", 65), ("dsl --version", 0), ("dsl --help", 0),
  ]

  @Test(arguments: table)
  func status(script: String, expected: Int32) throws {
    let plain = try shell(script)
    #expect(plain.status == expected, "\(plain.out)\(plain.err)")
  }

  @Test(arguments: [
    "auto analyze -c nowhere", "auto execute -c nowhere", "auto show d-none", "work add 5", "frobnicate",
    "--set x=1 config show", "auto rollback",
  ])
  func failuresAreNonZeroAndValidJSONUnderJSON(command: String) throws {
    let outcome = try shell("dsl --json \(command)")
    #expect(outcome.status != 0)
    let envelope = try outcome.json()
    #expect(envelope["success"] as? Bool == false)
    #expect((envelope["errors"] as? [String])?.isEmpty == false)
    let keys: Set = ["timestamp", "command", "success", "data", "errors", "warnings", "metadata"]
    #expect(keys.isSubset(of: envelope.keys))
  }

  @Test func aReaderThatGoesAwayIsNoError() throws {
    #expect(try shell("dsl auto status | true; echo ${PIPESTATUS:-0}").err.isEmpty)
    let outcome = try shell("(dsl --json config show; echo $? >status) | head -c 1; cat status")
    #expect(outcome.out == "{0\n", "\(outcome.out)")
    #expect(outcome.err.isEmpty)
  }

  @Test func noColoursOutsideATerminal() throws {
    #expect(try !shell("dsl auto status --verbose").out.contains("\u{1B}"))
  }

  @Test(.enabled(if: Shell.has("script"), "script(1) makes the terminal"))
  func coloursOnATerminalUnlessUnwanted() throws {
    func screen(_ environment: [String: String], _ flags: String = "") throws -> String {
      try shell("script -qec 'dsl auto status \(flags)' /dev/null", environment).out
    }
    #expect(try screen(["TERM": "xterm"]).contains("\u{1B}[31mcritical"))
    #expect(try !screen(["TERM": "xterm", "NO_COLOR": "1"]).contains("\u{1B}[31m"))
    #expect(try !screen(["TERM": "dumb"]).contains("\u{1B}[31m"))
    #expect(try !screen(["TERM": "xterm"], "--no-color").contains("\u{1B}[31m"))
  }
}
