package import DSLBase
import GRDB

/// A request for approval as it stands in the journal. What it means is the engine's business.
package struct StoredApproval: Sendable, Equatable {
  package var id: String
  /// What has at most one open request.
  package var subject: String
  package var status: String
  /// Whether the loop or people may still do something with it.
  package var isOpen: Bool
  package var reason: String
  package var createdAt: Timestamp
  package var expiresAt: Timestamp
  /// The decision that was carried out with it.
  package var usedBy: String?
  /// Everything else.
  package var document: JSONValue

  package init(
    id: String, subject: String, status: String, isOpen: Bool, reason: String, createdAt: Timestamp,
    expiresAt: Timestamp, usedBy: String?, document: JSONValue
  ) {
    self.id = id
    self.subject = subject
    self.status = status
    self.isOpen = isOpen
    self.reason = reason
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.usedBy = usedBy
    self.document = document
  }
}

extension Journal {
  static let approvalsSchema = """
    CREATE TABLE approvals (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subject TEXT NOT NULL, status TEXT NOT NULL,
      open INTEGER NOT NULL, reason TEXT NOT NULL, created_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL,
      changed_ns INTEGER NOT NULL, used_by TEXT, document TEXT NOT NULL);
    CREATE INDEX approvals_open ON approvals (subject) WHERE open;
    CREATE INDEX approvals_used ON approvals (used_by) WHERE used_by IS NOT NULL;
    ALTER TABLE decisions ADD COLUMN approval TEXT;
    """

  /// Notes new and changed requests.
  package func save(_ approvals: [StoredApproval], at time: Timestamp) throws(DSLError) {
    guard !approvals.isEmpty else { return }
    try writeLeading { db in
      for approval in approvals { try Self.save(approval, db, at: time) }
    }
  }

  /// Changes one request by what it is at this moment: no other process can change it in between.
  ///
  /// - Parameter id: its id, the id of the decision that it was asked for, or a beginning of either that only one has.
  /// - Returns: what was stored.
  /// - Throws: `notFound`, `invalidInput` as `decision(_:)`; what `change` throws.
  package func changeApproval(
    _ id: String, at time: Timestamp, _ change: (StoredApproval) throws -> StoredApproval
  ) throws(DSLError) -> StoredApproval {
    try writeLeading { db in
      let changed = try change(try Self.approval(id, db))
      try Self.save(changed, db, at: time)
      return changed
    }
  }

  /// A request, as `changeApproval` finds it.
  package func approval(_ id: String) throws(DSLError) -> StoredApproval {
    let found = try store.read { db in try Self.approval(id, db) }
    guard let found else { throw Self.unknownApproval(id) }
    return found
  }

  /// Requests, newest first.
  package func approvals(onlyOpen: Bool, limit: Int = 1000) throws(DSLError) -> [StoredApproval] {
    try store.read { db in
      try db.rows(
        "SELECT \(Self.columns) FROM approvals WHERE open >= ? ORDER BY seq DESC LIMIT ?", onlyOpen ? 1 : 0,
        limit, read: Self.approval)
    } ?? []
  }

  /// Notes within the transaction of a decision's intent that it is carried out with an approval.
  ///
  /// - Throws: `conflict` when that is no longer approved.
  static func use(approval id: String, for decision: String, _ db: Database, at time: Timestamp) throws {
    try db.run(
      """
      UPDATE approvals SET status='used', open=0, used_by=?, changed_ns=? WHERE id=? AND status='approved'
      """, decision, time.nanoseconds, id)
    guard db.changesCount == 1 else {
      throw DSLError(.conflict, "\(id) was withdrawn, so decision \(decision) was not carried out")
    }
    try db.run("UPDATE decisions SET approval=? WHERE id=?", id, decision)
    try HashChain.append(db, .approval, id, at: time)
  }

  private static let columns =
    "id, subject, status, open, reason, created_ns, expires_ns, used_by, document"

  private static func approval(_ row: SQLColumns) throws -> StoredApproval {
    StoredApproval(
      id: row.text(0), subject: row.text(1), status: row.text(2), isOpen: row.int(3) != 0,
      reason: row.text(4), createdAt: Timestamp(nanoseconds: row.int(5)),
      expiresAt: Timestamp(nanoseconds: row.int(6)), usedBy: row.optionalText(7),
      document: try Row.json(row.text(8), "approval \(row.text(0))"))
  }

  private static func approval(_ id: String, _ db: Database) throws -> StoredApproval {
    let wanted = id.hasPrefix("d-") ? "p-" + id.dropFirst(2) : id
    let found = try db.rows(
      """
      SELECT \(columns) FROM approvals WHERE id=?1 OR (?1 <> '' AND id > ?1 AND id < ?2)
      ORDER BY id=?1 DESC, id LIMIT 6
      """, wanted, wanted + "\u{10FFFF}", read: approval)
    if let exact = found.first, exact.id == wanted || found.count == 1 { return exact }
    guard !found.isEmpty else { throw unknownApproval(id) }
    let names = found.map(\.id).joined(separator: ", ")
    throw DSLError(
      .invalidInput, "\(id) begins more than one approval: \(names)", fix: "write more of the id")
  }

  private static func unknownApproval(_ id: String) -> DSLError {
    DSLError(.notFound, "nobody was asked for approval \(id)", fix: "`dsl auto pending --all` lists them")
  }

  private static func save(_ approval: StoredApproval, _ db: Database, at time: Timestamp) throws {
    try db.run(
      """
      INSERT INTO approvals (id, subject, status, open, reason, created_ns, expires_ns, changed_ns, used_by, document)
        VALUES (?,?,?,?,?,?,?,?,?,?)
      ON CONFLICT (id) DO UPDATE SET status=excluded.status, open=excluded.open, reason=excluded.reason,
        expires_ns=excluded.expires_ns, changed_ns=excluded.changed_ns, used_by=excluded.used_by,
        document=excluded.document
      """, approval.id, approval.subject, approval.status, approval.isOpen ? 1 : 0, approval.reason,
      approval.createdAt.nanoseconds, approval.expiresAt.nanoseconds, time.nanoseconds, approval.usedBy,
      approval.document.text())
    try HashChain.append(db, .approval, approval.id, at: time)
  }
}
