import ArgumentParser
import Coordination
import DSLBase

/// `dsl journal check`: whether what the engine remembers can be right.
struct JournalCheckCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Look for damage in the journal.",
    discussion: """
      SQLite's own check of the file, then what must hold between the rows: every step of an executed decision has a \
      receipt, nothing belongs to nothing, times are in order. Changes nothing.
      Ends with 0 when all is well, 1 with warnings, 2 with errors, 72 when the file cannot be read at all.
      """)
  static let reportName = "journal-check"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let journal = try context.journal()
    let findings = try journal?.check() ?? []
    let errors = findings.count { $0.severity == .error }
    let data: JSONValue = [
      "journal": .string(context.directory.journal), "exists": .bool(journal != nil),
      "findings": .array(findings.map(Self.json)), "errors": .int(errors),
      "warnings": .int(findings.count - errors),
    ]
    var report = Report(Self.reportName, data) { paint in
      guard !findings.isEmpty else {
        return paint(journal == nil ? "there is no journal yet" : "nothing found", .good) + "\n"
      }
      return findings.map { Self.text($0, paint) }.joined()
    }
    report.status = errors > 0 ? .critical : findings.isEmpty ? .success : .gateFailed
    return report
  }

  private static func json(_ finding: JournalFinding) -> JSONValue {
    [
      "id": .string(finding.id), "severity": .string(finding.severity.rawValue),
      "meaning": .string(finding.meaning), "count": .int(finding.count),
      "examples": .strings(finding.examples),
    ]
  }

  private static func text(_ finding: JournalFinding, _ paint: Paint) -> String {
    let word = paint(finding.severity.rawValue, finding.severity == .error ? .bad : .warning)
    let rest = finding.count - finding.examples.count
    let examples = finding.examples.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    return "\(word) \(finding.id): \(finding.meaning)\n    \(Shown.safe(examples))\n"
  }
}
