import Foundation
import Testing

/// Help, completions and the manual.
@Suite struct HelpTests {
  private static let commands = [
    "", "auto", "auto status", "auto analyze", "auto execute", "auto loop", "auto history", "auto show",
    "auto explain", "auto replay", "auto rollback", "agent", "agent run", "work", "work add", "work claim",
    "work complete",
    "config show", "policy show",
    "policy check", "policy diff", "policy test", "telemetry", "telemetry status",
    "telemetry query", "telemetry tail", "telemetry traces", "telemetry show",
    "telemetry start-processing", "telemetry stop-processing", "telemetry enable-remediation",
    "telemetry disable-remediation", "telemetry remediation-actions", "telemetry remediation-history",
    "telemetry manual-remediation", "telemetry security-report", "telemetry simulate-security-event", "init",
    "doctor", "import", "import swarmsh", "gpu", "gpu nodes", "gpu discover",
    "gpu validate", "gpu schedule", "gpu place", "gpu explain", "gpu reclaim",
    "gpu simulate", "gpu bench", "gpu mig",
    "gpu mig layouts",
    "gpu mig plan",
    "gpu mig sweep", "sim", "sim run", "sim train", "sim tune", "sim evaluate", "sim replay", "sim explain",
    "sim whatif", "sim diff", "sim cluster", "sim serve", "sim start", "sim pause",
    "sim step", "sim export", "sim bench", "journal",
    "journal info", "journal check", "journal prune", "backup", "backup create", "backup list",
    "backup verify",
    "backup prune", "restore", "serve", "notify", "notify list", "notify test",
  ]

  @Test func helpIsAsRecorded() throws {
    let shell = try Shell()
    var text = ""
    for command in Self.commands {
      let outcome = try shell("COLUMNS=80 dsl \(command) --help")
      #expect(outcome.status == 0 && outcome.err.isEmpty)
      text += "$ dsl \(command) --help\n\(outcome.out)\n"
    }
    try expectGolden(text, "help.txt")
  }

  @Test func bareNounsShowTheirHelp() throws {
    let shell = try Shell()
    for noun in ["", "auto", "work", "agent", "config", "telemetry"] {
      let outcome = try shell("dsl \(noun)")
      #expect(outcome.status == 0 && outcome.out.contains("USAGE: dsl"), "\(noun): \(outcome)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsAreWellFormed(name: String) throws {
    let shell = try Shell()
    let outcome = try shell("dsl --generate-completion-script \(name) > completion")
    #expect(outcome.status == 0)
    let check = Shell.has(name) ? "\(name) -n completion" : "test -s completion"
    #expect(try shell(check).status == 0)
    #expect(try shell("grep -c rollback completion").out > "0")
  }

  @Test func theManualIsTheOneOfThisBinary() throws {
    let shell = try Shell()
    try #require(Shell.has("python3"), "python3 makes the manual")
    let root = Shell.root.appendingPathComponent("docs/man").path
    let outcome = try shell("dsl --experimental-dump-help | python3 \(root)/generate.py")
    #expect(outcome.status == 0, "\(outcome.err)")
    try expectGolden(outcome.out, "../../../docs/man/dsl.1")
    guard Shell.has("mandoc") else { return }
    try shell.write("dsl.1", Array(outcome.out.utf8))
    let lint = try shell("mandoc -Tlint -Wwarning dsl.1")
    #expect(lint.out.isEmpty && lint.status == 0, "\(lint.out)")
  }
}

/// Compares with a recorded file; RECORD=1 records it anew.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
    .appendingPathComponent(name).standardizedFileURL
  if ProcessInfo.processInfo.environment["RECORD"] == "1" {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return
  }
  let recorded = try String(contentsOf: file, encoding: .utf8)
  #expect(text == recorded, "differs from \(name); RECORD=1 records it anew", sourceLocation: sourceLocation)
}
