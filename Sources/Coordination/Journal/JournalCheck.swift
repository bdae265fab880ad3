package import DSLBase
import GRDB

/// Something in the journal that must not be.
package struct JournalFinding: Sendable, Equatable {
  package enum Severity: String, Sendable {
    /// History is wrong or lost.
    case error
    /// Nothing is lost, but somebody should know.
    case warning
  }

  /// A stable word: "step-without-receipt".
  package var id: String
  package var severity: Severity
  /// What it means, as a sentence.
  package var meaning: String
  /// How often it was found.
  package var count: Int
  /// The first rows it was found in.
  package var examples: [String]
}

/// What must not be: a query for the rows that break it.
private typealias JournalRule = (
  id: String, severity: JournalFinding.Severity, meaning: String, sql: String
)

extension Journal {
  /// Examples listed of a finding.
  private static let exampleLimit = 5
  /// Lines that SQLite's own check may say.
  private static let damageLimit = 20

  /// Looks for damage: SQLite's own check of the file, then what must hold between the rows.
  ///
  /// - Returns: what was found, the file's damage first; rows are not looked at in a damaged file.
  /// - Throws: `corrupt` when it cannot be read at all; `io`.
  /// - Complexity: reads the whole journal.
  package func check() throws(DSLError) -> [JournalFinding] {
    let damage = try store.damage(limit: Self.damageLimit)
    guard damage.isEmpty else {
      return [
        JournalFinding(
          id: "damaged-file", severity: .error, meaning: "the file itself is damaged", count: damage.count,
          examples: Array(damage.prefix(Self.exampleLimit)))
      ]
    }
    return try store.read { db in
      try Self.rules.compactMap { rule in
        let found = try String.fetchAll(db, sql: rule.sql)
        guard !found.isEmpty else { return nil }
        return JournalFinding(
          id: rule.id, severity: rule.severity, meaning: rule.meaning, count: found.count,
          examples: Array(found.prefix(Self.exampleLimit)))
      }
    } ?? []
  }

  private static let rules: [JournalRule] =
    broken + orphans + disorder

  private static let broken: [JournalRule] =
    [
      (
        "step-without-receipt", .error,
        "a decision was carried out, but what one of its steps left is not known: it cannot be undone safely",
        """
        SELECT steps.decision || ' step ' || number FROM steps JOIN decisions ON decisions.id = steps.decision
        WHERE outcome = 'executed' AND receipt IS NULL ORDER BY decisions.seq, number
        """
      ),
      (
        "missing-step", .error, "a decision's steps are not numbered from 0 without gaps: some are lost",
        "SELECT decision FROM steps GROUP BY decision HAVING min(number) <> 0 OR max(number) <> count(*) - 1"
      ),
      (
        "refused-with-steps", .error, "a gate held the decision, and yet it has steps",
        "SELECT DISTINCT id FROM decisions JOIN steps ON steps.decision = id WHERE gate IS NOT NULL"
      ),
      (
        "unknown-outcome", .error, "an outcome is a word that no program writes",
        """
        SELECT id FROM decisions WHERE outcome NOT IN
          ('executed', 'failed', 'undone_after_failure', 'nothing_to_do', 'stopped', 'refused')
        UNION ALL SELECT decision FROM undo WHERE outcome NOT IN ('reverted', 'partly', 'refused')
        """
      ),
      (
        "unreadable-json", .error, "a text that must be JSON is none",
        """
        SELECT 'decision ' || id FROM decisions WHERE NOT json_valid(decision)
        UNION ALL SELECT 'step ' || number || ' of ' || decision FROM steps
          WHERE NOT json_valid(step) OR NOT json_valid(ifnull(receipt, 'null'))
        UNION ALL SELECT 'cycle ' || id FROM cycles
          WHERE NOT (json_valid(settings) AND json_valid(observation) AND json_valid(metrics))
        UNION ALL SELECT 'verdict on ' || decision FROM verifications WHERE NOT json_valid(verdict)
        """
      ),
      (
        "undone-twice", .error, "a decision was undone more than once, or without having been carried out",
        """
        SELECT decision FROM undo WHERE outcome = 'reverted' GROUP BY decision HAVING count(*) > 1
        UNION SELECT undo.decision FROM undo JOIN decisions ON decisions.id = undo.decision
          WHERE undo.outcome = 'reverted' AND ifnull(decisions.outcome, '') NOT IN ('executed', 'stopped')
        """
      ),
    ]

  private static let orphans: [JournalRule] =
    [
      (
        "orphan-step", .error, "a step belongs to no decision",
        "SELECT DISTINCT decision FROM steps WHERE decision NOT IN (SELECT id FROM decisions)"
      ),
      (
        "orphan-undo", .error, "an undo belongs to no decision",
        "SELECT DISTINCT decision FROM undo WHERE decision NOT IN (SELECT id FROM decisions)"
      ),
      (
        "orphan-verdict", .error, "a verdict belongs to no decision",
        "SELECT DISTINCT decision FROM verifications WHERE decision NOT IN (SELECT id FROM decisions)"
      ),
      (
        "decision-without-cycle", .error, "a decision belongs to no cycle, so what it was decided on is lost",
        "SELECT id FROM decisions WHERE cycle NOT IN (SELECT id FROM cycles) ORDER BY seq"
      ),
    ]

  private static let disorder: [JournalRule] = [
    (
      "unfinished", .warning,
      "a decision has no outcome: it is under way, or its engine died and the next one will settle it",
      "SELECT id FROM decisions WHERE outcome IS NULL ORDER BY seq"
    ),
    (
      "clock-set-back", .warning,
      "a later cycle has an earlier time: the wall clock was set back, and cooldowns were counted by it",
      """
      SELECT id FROM (SELECT id, started_ns, lag(started_ns) OVER (ORDER BY seq) AS before FROM cycles)
      WHERE started_ns < before
      """
    ),
    (
      "ended-before-it-began", .warning,
      "a decision or step ended before it began: the wall clock was set back",
      """
      SELECT id FROM decisions WHERE finished_ns < at_ns
      UNION SELECT steps.decision FROM steps JOIN decisions ON decisions.id = steps.decision WHERE performed_ns < at_ns
      """
    ),
  ]
}
