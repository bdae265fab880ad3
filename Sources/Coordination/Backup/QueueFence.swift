import DSLBase
import GRDB

/// Keeps workers that still have a replaced queue open from taking or finishing anything in it.
///
/// Their connection is to the file that was moved aside, which they cannot see. Triggers in it refuse every change of items
/// and outbox with a sentence that says why. They are set in one transaction around the exchange of the trees: before it
/// nobody is refused, after it everybody.
struct QueueFence {
  private static let name = "replaced_by_restore"
  private static let tables = ["items", "outbox"]
  private let store: StateDatabase

  /// A fence for the queue of a directory; `nil` when it has none.
  init?(_ directory: CoordinationDirectory) throws {
    guard try directory.files.status(directory.queue) != nil else { return nil }
    store = try StateDatabase(
      "work queue", path: directory.queue, directory: directory, access: .readWrite,
      migrations: QueueSchema.migrations)
  }

  /// Runs the exchange and refuses all changes from then on.
  func raise(while exchange: () throws -> Void) throws {
    try store.write(.full) { db in
      for table in Self.tables {
        for change in ["INSERT", "UPDATE", "DELETE"] {
          try db.execute(
            sql: """
              CREATE TRIGGER IF NOT EXISTS \(Self.name)_\(table)_\(change.lowercased()) BEFORE \(change) ON \(table)
              BEGIN SELECT RAISE(ABORT, 'this directory was replaced by a restore'); END
              """)
        }
      }
      try exchange()
    }
  }

  /// Lets changes pass again.
  func lower() throws {
    try store.write(.full) { db in
      for table in Self.tables {
        for change in ["insert", "update", "delete"] {
          try db.execute(sql: "DROP TRIGGER IF EXISTS \(Self.name)_\(table)_\(change)")
        }
      }
    }
  }
}
