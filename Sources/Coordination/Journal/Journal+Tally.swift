package import DSLBase
import GRDB

/// By how much a count of what the engine did grows.
package struct TallyEntry: Sendable, Equatable {
  /// What is counted: `decisions`, `cycles`, ….
  package var name: String
  /// Which of them: the words that tell the counts of a name apart, in an order that belongs to the name.
  package var labels: [String]
  /// By how much it grows, or how much it is.
  package var value: Double

  package init(_ name: String, _ labels: [String] = [], _ value: Double = 1) {
    self.name = name
    self.labels = labels
    self.value = value
  }
}

/// Counts that only grow: over restarts, and though the cycles and decisions that they count are forgotten in time.
///
/// A monitoring system takes a counter that falls for one that began anew, and would see a burst that never was. Outside
/// of the hash chain: what is counted is in the chain already.
extension Journal {
  /// The counts' table, begun with what the journal has at that time.
  static let tallySchema = """
    CREATE TABLE tally (name TEXT NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL,
      PRIMARY KEY (name, labels)) WITHOUT ROWID;
    INSERT INTO tally SELECT 'decisions', json_array(type, replace(outcome, 'undone_after_failure', 'failed')), count(*)
      FROM decisions WHERE outcome IS NOT NULL GROUP BY 2;
    INSERT INTO tally SELECT 'cycles', '[]', count(*) FROM cycles WHERE executed IS NOT NULL HAVING count(*) > 0;
    """

  /// The counts by name and labels; none in a journal that does not exist.
  package func tally() throws(DSLError) -> [TallyEntry] {
    try store.read { db in
      try db.rows("SELECT name, labels, value FROM tally ORDER BY name, labels") { row in
        let labels = try JSONParser.parse(row.blob(1)).array ?? []
        return TallyEntry(row.text(0), labels.compactMap(\.string), row.optionalDouble(2) ?? 0)
      }
    } ?? []
  }

  /// Lets counts grow, in the transaction of what they count.
  static func count(_ entries: [TallyEntry], _ db: Database) throws {
    for entry in entries {
      try db.run(
        "INSERT INTO tally (name, labels, value) VALUES (?,?,?) "
          + "ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value",
        entry.name, JSONValue.strings(entry.labels).text(), entry.value)
    }
  }
}
