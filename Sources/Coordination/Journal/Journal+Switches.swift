package import DSLBase
import GRDB

extension Journal {
  /// Changes what is remembered under a name in one transaction, whoever leads: what people switch, and orders that they
  /// leave for the loop.
  ///
  /// - Parameter change: gets what is remembered; `null` forgets it. May be asked once only.
  /// - Returns: what is remembered now.
  /// - Throws: what `change` throws; then nothing is changed.
  @discardableResult
  package func changeState(
    _ key: String, _ change: (JSONValue?) throws(DSLError) -> JSONValue
  ) throws(DSLError) -> JSONValue {
    try store.write(.full) { db in
      let text = try String.fetchOne(db, sql: "SELECT value FROM state WHERE key=?", arguments: [key])
      let value = try change(try text.map { try Row.json($0, "state \(key)") })
      try Self.remember(key, value, db)
      return value
    }
  }

  /// Has something else remembered under a name, whoever leads and whatever was there: also what cannot be read.
  package func replaceState(_ key: String, _ value: JSONValue) throws(DSLError) {
    try store.write(.full) { db in try Self.remember(key, value, db) }
  }
}
