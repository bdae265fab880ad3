import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl auto calibration`: how decisions' predictions fared.
struct CalibrationCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibration",
    abstract: "Show how often decisions did what they predicted, and what their gates ask for since.",
    discussion: """
      Every decision that is carried out predicts its effect. Here is what came of it: by kind of decision, and by how
      sure the decisions were. A kind that claims more than it keeps has to be surer to pass the confidence gate, until
      that is forgotten. Changes nothing.
        dsl auto calibration --since 7d
        dsl auto calibration --type scale_up --format json | jq .brier.score
      """)
  static let reportName = "auto-calibration"

  @Option(
    help: ArgumentHelp("Only predictions judged at most this long ago, such as 7d.", valueName: "duration"))
  var since: String?

  @Option(help: "Only decisions of this type; may be repeated.")
  var type: [String] = []

  @Option(help: ArgumentHelp("Only decisions by this rule or strategy; may be repeated.", valueName: "name"))
  var rule: [String] = []

  @OptionGroup var global: GlobalOptions

  /// More entries than a ledger keeps.
  private static let limit = 100_000

  func report(_ context: Context) async throws -> Report? {
    let age = try since.map { try Input.seconds($0, "--since") }
    let loaded = try context.settings()
    let gates = loaded.settings.gates
    let now = context.time.now
    let from = age.map { now.adding(seconds: -$0) }
    let journal = try context.journal()
    let entries = try journal?.calibrationEntries(latest: Self.limit) ?? []
    let chosen = entries.filter { entry in
      (from.map { entry.at >= $0 } ?? true) && (type.isEmpty || type.contains(entry.type.rawValue))
        && (rule.isEmpty || rule.contains(entry.rule))
    }
    let record =
      try journal?.calibrationRecord(at: now, gates.calibration) ?? CalibrationRecord()
    let found = CalibrationReport(chosen, record: record, gates: gates)
    var data = found.json.object ?? [:]
    data["gate"] = [
      "min_confidence": .double(gates.requiredConfidence), "max_offset": .double(gates.calibration.maxOffset),
      "half_life_s": .double(gates.calibration.halfLifeSeconds),
    ]
    var report = Report(Self.reportName, .object(data)) { text(found, $0) }
    report.warnings = loaded.warnings
    return report
  }

  private func text(_ report: CalibrationReport, _ paint: Paint) -> String {
    let counts = report.counts
    guard counts.measured + counts.unknown > 0 else { return "no prediction has been judged yet\n" }
    var text = "\(counts.hits) of \(counts.measured) predictions came true\(Self.range(counts))"
    text += ", \(counts.unknown) cannot be told\n"
    if let brier = report.brier {
      func number(_ value: Double) -> String { Shown.number(value, decimals: 4) }
      text += "Brier score \(number(brier.score)) = reliability \(number(brier.reliability))"
      text += " - resolution \(number(brier.resolution)) + uncertainty \(number(brier.uncertainty))"
      text += " + within bins \(number(brier.withinBins))\n"
    }
    return text + kinds(report, paint) + bins(report, paint)
  }

  private func kinds(_ report: CalibrationReport, _ paint: Paint) -> String {
    var table = TextTable(header: [
      "kind", "true", "of", "unknown", "rate", "95 %", "claimed", "Brier", "needs", "why",
    ])
    table.rightAligned = [1, 2, 3, 4, 6, 7, 8]
    for kind in report.kinds {
      let needs = Shown.number(kind.required)
      table.rows.append(
        [Shown.safe("\(kind.type) \(kind.rule)")]
          + numbers(kind.counts, unknown: true)
          + [
            Shown.number(kind.counts.claimed), Shown.number(kind.brier?.score, decimals: 3),
            kind.offset > 0 ? paint(needs, .warning) : needs, kind.why,
          ])
    }
    return "\n" + table.text(paint)
  }

  private func bins(_ report: CalibrationReport, _ paint: Paint) -> String {
    guard !report.bins.isEmpty else { return "" }
    var table = TextTable(header: ["confidence", "true", "of", "rate", "95 %", "claimed"])
    table.rightAligned = [1, 2, 3, 5]
    for bin in report.bins {
      table.rows.append(
        ["\(Shown.number(bin.from)) to \(Shown.number(bin.to))"] + numbers(bin.counts, unknown: false)
          + [Shown.number(bin.counts.claimed)])
    }
    return "\n" + table.text(paint)
  }

  private func numbers(_ counts: CalibrationReport.Counts, unknown: Bool) -> [String] {
    [String(counts.hits), String(counts.measured)] + (unknown ? [String(counts.unknown)] : [])
      + [
        Shown.number(counts.hitRate),
        "\(Shown.number(counts.interval.low)) to \(Shown.number(counts.interval.high))",
      ]
  }

  private static func range(_ counts: CalibrationReport.Counts) -> String {
    guard counts.measured > 0 else { return "" }
    let (low, high) = (Shown.number(counts.interval.low), Shown.number(counts.interval.high))
    return " (rate \(Shown.number(counts.hitRate)), with 95 % between \(low) and \(high))"
  }
}
