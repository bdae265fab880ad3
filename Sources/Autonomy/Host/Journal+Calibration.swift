package import Coordination
package import DSLBase
package import DecisionEngine

extension Journal {
  /// Entries that the record is made from: enough for weeks, and read in a few milliseconds.
  private static let recordEntries = 2000
  /// Entries that are kept.
  static let keptEntries = 20_000

  /// The latest entries of the ledger, oldest first.
  package func calibrationEntries(latest limit: Int) throws(DSLError) -> [CalibrationEntry] {
    var entries: [CalibrationEntry] = []
    for entry in try ledger(latest: limit) {
      guard let outcome = PredictionOutcome(rawValue: entry.outcome) else {
        throw DSLError(.corrupt, "journal: unknown outcome \"\(entry.outcome)\" in the ledger")
      }
      entries.append(
        CalibrationEntry(
          decision: entry.decision, type: DecisionType(rawValue: entry.type), rule: entry.rule,
          confidence: entry.confidence, outcome: outcome, at: entry.judgedAt))
    }
    return entries
  }

  /// How predictions fared of late, as confidence and gates take it.
  package func calibrationRecord(
    at now: Timestamp, _ settings: GateSettings.Calibration
  ) throws(DSLError) -> CalibrationRecord {
    CalibrationRecord(
      try calibrationEntries(latest: Self.recordEntries), at: now, halfLife: settings.halfLifeSeconds)
  }

  /// What the gates look back on at a time, as the loop asks it.
  ///
  /// - Parameters:
  ///   - now: the wall clock of the gates. What is later has not happened yet, unless `now` is the present.
  ///   - record: how predictions fared.
  package func gateHistory(
    _ gates: GateSettings, at now: Timestamp, record: CalibrationRecord, isPresent: Bool = true
  ) throws(DSLError) -> GateHistory {
    let past = try actions(since: now.adding(seconds: -gates.historySeconds))
    // What was stopped half way had an effect as well.
    let acted: [DecisionOutcome?] = [.executed, .stopped]
    let counted = past.filter { acted.contains($0.outcome) && (isPresent || $0.at < now) }
    return GateHistory(past: counted.map(PastActionFact.init), record: record)
  }
}
