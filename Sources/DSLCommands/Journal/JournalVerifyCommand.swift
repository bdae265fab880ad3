import ArgumentParser
import Coordination
import DSLBase

/// `dsl journal verify`: whether the journal is as it was written.
struct JournalVerifyCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check that nobody changed the journal since it was written.",
    discussion: """
      Recomputes the hash chain and every row that it covers, and names the first entry that was edited, deleted, put in
      or moved; the exit status is then 1. Only a hash that was kept elsewhere shows that the end was cut off: each
      cycle's span has one as dsl.journal.head. Changes nothing.
        dsl journal verify
        dsl journal verify --head $(dsl auto status --format json | jq -r .journal_head)
      """)
  static let reportName = "journal-verify"
  private static let leastDigits = 16

  @Option(
    help: ArgumentHelp("A hash that some entry must have; its first 16 digits will do.", valueName: "hash"))
  var head: String?

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    guard let head else { return }
    guard (Self.leastDigits...64).contains(head.count), head.allSatisfy(\.isHexDigit) else {
      throw ValidationError("--head takes 16 to 64 hexadecimal digits.")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    guard let found = try context.journal()?.verifyChain(anchor: head) else {
      throw DSLError(.notFound, "\(context.directory.path) has no journal, so nothing was decided here yet")
    }
    var report = Report(Self.reportName, data(found, context.directory.path)) { text(found, $0) }
    report.errors = found.faults.map(\.text)
    if found.faultCount > found.faults.count {
      report.errors.append("and \(found.faultCount - found.faults.count) more")
    }
    if found.faultCount > 0 { report.status = .gateFailed }
    return report
  }

  private func data(_ found: ChainReport, _ directory: String) -> JSONValue {
    [
      "coordination_dir": .string(directory), "valid": .bool(found.faultCount == 0),
      "entries": .int(found.entries), "head": .optional(found.head), "head_entry": .int(found.headEntry),
      "asked": .optional(head), "asked_entry": found.anchor.map { .int($0) } ?? .null,
      "pruned_entries": .int(found.pruned.entries), "gaps": .int(found.pruned.gaps),
      "faults": .array(
        found.faults.map {
          [
            "entry": $0.entry.map { .int($0) } ?? .null, "kind": .string($0.kind), "ref": .string($0.ref),
            "what": .string($0.what),
          ]
        }),
      "fault_count": .int(found.faultCount), "uncovered": .strings(found.uncovered),
    ]
  }

  private func text(_ found: ChainReport, _ paint: Paint) -> String {
    let isFine = found.faultCount == 0
    var text = paint.mark(isFine) + " \(found.entries) entries"
    text += isFine ? " are as they were written\n" : ", \(found.faultCount.counted("fault"))\n"
    if found.pruned.entries > 0 {
      text +=
        "  \(found.pruned.entries) older entries were removed by retention, in \(found.pruned.gaps) gaps\n"
    }
    if let head = found.head { text += "  head \(head) (entry \(found.headEntry))\n" }
    if let anchor = found.anchor { text += "  the hash that was asked for is of entry \(anchor)\n" }
    return text
  }
}
