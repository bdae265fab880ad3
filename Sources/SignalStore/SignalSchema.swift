import GRDB

/// The schema of `.dsl/signals.sqlite`. Append-only: a migration that shipped is never edited.
///
/// A row of `segments` holds the packed blocks of one commit, or of several that were joined. Queries look at the columns
/// first, then at `idx`, and at `details` only for what matches.
enum SignalSchema {
  static var migrations: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 segments, sources, totals") { db in try db.execute(sql: first) }
    return migrator
  }

  private static let first = """
    CREATE TABLE segments (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      signal INTEGER NOT NULL,          -- 0 traces, 1 metrics, 2 logs
      earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
      received INTEGER NOT NULL,        -- when its newest block was stored
      records INTEGER NOT NULL, errors INTEGER NOT NULL,
      bytes INTEGER NOT NULL,           -- of idx, details and traces
      traces BLOB,                      -- which traces it may have parts of
      idx BLOB NOT NULL, details BLOB NOT NULL);
    CREATE INDEX segments_latest ON segments (signal, latest);

    CREATE TABLE sources (
      path TEXT PRIMARY KEY,
      inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
      offset INTEGER NOT NULL,          -- what was read of it
      head INTEGER NOT NULL,            -- a hash of its first bytes
      records INTEGER NOT NULL, refused INTEGER NOT NULL) WITHOUT ROWID;

    CREATE TABLE totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    """
}
