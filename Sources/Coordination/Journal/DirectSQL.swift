package import GRDB
import GRDBSQLite

/// Statements straight on SQLite, for what runs several times for each item of work.
///
/// GRDB prepares and keeps the statements; its rows, arguments and cursors are passed by, as they cost several times
/// what SQLite itself needs for a statement that touches one row.
extension Database {
  /// Runs a statement to its end.
  ///
  /// - Parameter values: for the parameters, in order.
  /// - Throws: `DatabaseError`.
  package func run<each Value: SQLBindable>(_ sql: String, _ values: repeat each Value) throws {
    let statement = try SQLRun(self, sql)
    repeat statement.bind(each values)
    while try statement.step() {}
  }

  /// What `read` makes of each row. The statement is over when it returns, so that what follows may change the rows.
  ///
  /// - Throws: `DatabaseError`, or what `read` throws.
  package func rows<Result, each Value: SQLBindable>(
    _ sql: String, _ values: repeat each Value, read: (SQLColumns) throws -> Result
  ) throws -> [Result] {
    var results: [Result] = []
    try forEach(sql, repeat each values) { row in
      results.append(try read(row))
      return true
    }
    return results
  }

  /// Looks at the rows, until `body` returns `false`.
  ///
  /// - Throws: `DatabaseError`, or what `body` throws.
  package func forEach<each Value: SQLBindable>(
    _ sql: String, _ values: repeat each Value, body: (SQLColumns) throws -> Bool
  ) throws {
    let statement = try SQLRun(self, sql)
    repeat statement.bind(each values)
    while try statement.step(), try body(statement.columns) {}
  }

  /// What `read` makes of the first row; `nil` when there is none.
  ///
  /// - Throws: `DatabaseError`, or what `read` throws.
  package func first<Result, each Value: SQLBindable>(
    _ sql: String, _ values: repeat each Value, read: (SQLColumns) throws -> Result
  ) throws -> Result? {
    let statement = try SQLRun(self, sql)
    repeat statement.bind(each values)
    return try statement.step() ? try read(statement.columns) : nil
  }

  /// Whether there is a row.
  ///
  /// - Throws: `DatabaseError`.
  package func any<each Value: SQLBindable>(_ sql: String, _ values: repeat each Value) throws -> Bool {
    try first(sql, repeat each values) { _ in true } ?? false
  }
}

/// One use of a prepared statement; its end leaves the statement ready for the next.
private final class SQLRun {
  private let statement: Statement
  private var bound: Int32 = 0

  init(_ db: Database, _ sql: String) throws { statement = try db.cachedStatement(sql: sql) }

  deinit {
    sqlite3_reset(statement.sqliteStatement)
    sqlite3_clear_bindings(statement.sqliteStatement)
  }

  var columns: SQLColumns { SQLColumns(statement: statement.sqliteStatement) }

  func bind(_ value: some SQLBindable) {
    bound += 1
    value.bind(statement.sqliteStatement, bound)
  }

  /// Goes to the next row; `false` at the end.
  func step() throws -> Bool {
    switch sqlite3_step(statement.sqliteStatement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default:
      let db = sqlite3_db_handle(statement.sqliteStatement)
      throw DatabaseError(
        resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db)),
        message: sqlite3_errmsg(db).map { String(cString: $0) }, sql: statement.sql)
    }
  }
}

/// The columns of the row that a statement is at, by position. Valid until its next step.
package struct SQLColumns {
  let statement: OpaquePointer

  package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  /// An integer; 0 for NULL.
  package func int(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// A text; empty for NULL.
  package func text(_ column: Int32) -> String {
    guard let start = sqlite3_column_text(statement, column) else { return "" }
    let count = Int(sqlite3_column_bytes(statement, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// A blob; empty for NULL.
  package func blob(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(statement, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
  }

  /// Looks at a blob where it is, without a copy.
  package func withBlob<Result>(
    _ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    // The address first: asking for it may convert, which changes the length.
    let start = sqlite3_column_blob(statement, column)
    return try body(
      UnsafeRawBufferPointer(
        start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column))))
  }

  package func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }
  package func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
  package func optionalBlob(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : blob(column) }
  package func optionalDouble(_ column: Int32) -> Double? {
    isNull(column) ? nil : sqlite3_column_double(statement, column)
  }
}

/// A value for a statement's parameter.
package protocol SQLBindable {
  func bind(_ statement: OpaquePointer, _ index: Int32)
}

/// Makes SQLite copy what is bound: `SQLITE_TRANSIENT`, a macro that Swift does not see.
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: SQLBindable {
  package func bind(_ statement: OpaquePointer, _ index: Int32) { sqlite3_bind_int64(statement, index, self) }
}

extension Int: SQLBindable {
  package func bind(_ statement: OpaquePointer, _ index: Int32) {
    sqlite3_bind_int64(statement, index, Int64(self))
  }
}

extension Double: SQLBindable {
  package func bind(_ statement: OpaquePointer, _ index: Int32) {
    sqlite3_bind_double(statement, index, self)
  }
}

extension String: SQLBindable {
  package func bind(_ statement: OpaquePointer, _ index: Int32) {
    var text = self
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        // An empty buffer may have no address, which would bind NULL.
        guard let start = characters.baseAddress else {
          sqlite3_bind_text(statement, index, "", 0, copied)
          return
        }
        sqlite3_bind_text(statement, index, start, Int32(clamping: characters.count), copied)
      }
    }
  }
}

extension [UInt8]: SQLBindable {
  package func bind(_ statement: OpaquePointer, _ index: Int32) {
    withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, !bytes.isEmpty else {
        sqlite3_bind_zeroblob(statement, index, 0)
        return
      }
      sqlite3_bind_blob(statement, index, start, Int32(clamping: bytes.count), copied)
    }
  }
}

extension Optional: SQLBindable where Wrapped: SQLBindable {
  package func bind(_ statement: OpaquePointer, _ index: Int32) {
    guard let self else {
      sqlite3_bind_null(statement, index)
      return
    }
    self.bind(statement, index)
  }
}
