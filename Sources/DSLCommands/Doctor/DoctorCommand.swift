import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl doctor`: what is wrong here, and what mends it.
struct DoctorCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Say what is wrong with a directory, and what mends it.",
    discussion: """
      Looks at records, agents, claims, journal, queue, configuration, clocks, permissions and space. Changes nothing \
      without --fix; with it, temps of dead writers are moved to .dsl/quarantine/temps and finished items are written \
      to their files, with a note in the journal; --undo moves the files back.
      Ends with 0 when nothing is wrong, 1 with warnings, 2 with errors; with --fix and --undo, by what is left.
        dsl doctor
        dsl doctor --fix
        dsl doctor --undo
        dsl --json doctor | jq -r '.data.findings[] | .id + ": " + .fix'
      """)
  static let reportName = "doctor"

  @Flag(help: "Mend what is safe to mend.")
  var fix = false

  @Flag(help: "Move back what the last --fix moved, unless something is in its place.")
  var undo = false

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    if fix, undo { throw ValidationError("Give one of --fix and --undo.") }
  }

  func report(_ context: Context) async throws -> Report? {
    let (settings, problems) = configuration(context)
    var limits = RecordLimits()
    limits.recordBytes = settings.records.maxBytes
    limits.heartbeatSeconds = settings.agents.heartbeatLimitSeconds
    let examination = DoctorExamination(
      context.directory, limits: limits, time: context.time, seed: context.randomSeed,
      assumedOffset: settings.records.assumedOffsetSeconds)
    func look() throws -> DoctorFacts {
      let probe = EngineProbe(context.directory)
      var facts = try examination.facts(engineActs: probe.isHeld)
      facts.configuration = problems
      return facts
    }
    var facts = try look()
    var mended: [String] = []
    var undone: [String] = []
    var moved = false
    if undo {
      undone = try moveBack(examination, context)
      facts = try look()
    } else if fix, Diagnosis.findings(facts).contains(where: \.isSafe) {
      // Noted before: whatever cuts the moving short, what was moved can be moved back.
      let moves = try examination.moves(facts)
      let journal = try Journal(directory: context.directory, access: .readWrite)
      let name = "doctor \(context.time.now)"
      try journal.setState(name, ["done": [], "moved": .array(moves.map(\.json))])
      mended = try examination.mend(facts, moves)
      try journal.setState(name, ["done": .strings(mended), "moved": .array(moves.map(\.json))])
      moved = !moves.isEmpty
      facts = try look()
    }
    let findings = Diagnosis.findings(facts)
    let errors = findings.count { $0.severity == .error }
    let data: JSONValue = [
      "coordination_dir": .string(context.directory.path), "findings": .array(findings.map(\.json)),
      "errors": .int(errors), "warnings": .int(findings.count - errors), "mended": .strings(mended),
      "undone": .strings(undone), "undo": moved ? "dsl doctor --undo" : .null,
    ]
    var report = Report(Self.reportName, data) { Self.text(findings, mended, undone, $0) }
    report.status = errors > 0 ? .critical : findings.isEmpty ? .success : .gateFailed
    return report
  }

  /// The settings, and what is wrong with them or with the policy; the defaults where they cannot be read.
  private func configuration(_ context: Context) -> (Settings, [DSLError]) {
    do {
      let loaded = try context.settings()
      do {
        _ = try PolicySource(loaded.settings.policy, context.directory).load(
          for: loaded.settings, types: loaded.settings.programs.handlers.map(\.type))
        return (loaded.settings, [])
      } catch {
        return (loaded.settings, [Self.told(error)])
      }
    } catch {
      return (Settings(), [Self.told(error)])
    }
  }

  private static func told(_ error: any Error) -> DSLError {
    error as? DSLError ?? DSLError(.invalidInput, "the configuration cannot be read", cause: "\(error)")
  }

  /// Takes back the moves of the last mending that moved anything and was not taken back.
  private func moveBack(_ examination: DoctorExamination, _ context: Context) throws -> [String] {
    let nothing = DSLError(.invalidState, "no --fix has moved anything that was not moved back")
    guard try Journal.openForReading(context.directory) != nil else { throw nothing }
    let journal = try Journal(directory: context.directory, access: .readWrite)
    let last = try journal.notes().last { name, note in
      name.hasPrefix("doctor ") && note["undone"] == nil && note["moved"]?.array?.isEmpty == false
    }
    guard let (name, note) = last else { throw nothing }
    let done = try examination.moveBack((note["moved"]?.array ?? []).compactMap(DoctorMove.init(json:)))
    var members = note.object ?? [:]
    members["undone"] = context.time.now.json
    try journal.setState(name, .object(members))
    return done
  }

  private static func text(
    _ findings: [DoctorFinding], _ mended: [String], _ undone: [String], _ paint: Paint
  ) -> String {
    var text = mended.map { paint("mended", .good) + " " + Shown.safe($0) + "\n" }.joined()
    text += undone.map { paint("undone", .good) + " " + Shown.safe($0) + "\n" }.joined()
    guard !findings.isEmpty else { return text + paint("nothing is wrong", .good) + "\n" }
    for finding in findings {
      let word = paint(finding.severity.rawValue, finding.severity == .error ? .bad : .warning)
      text += "\(word) \(finding.id): \(Shown.safe(finding.evidence))\n"
      text += paint("    fix: " + Shown.safe(finding.fix), .quiet) + "\n"
    }
    return text
  }
}
