import GRDB

/// The queue's schema. Append-only: a migration that shipped is never edited.
///
/// `items` is an index of the `work_*.json` files with the claims on them; `outbox` holds what is finished and durable
/// but not yet in files. Items in the outbox for good are no longer in `items`.
enum QueueSchema {
  static var migrations: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 items, outbox, quarantine, preferences, refresh") { db in
      try db.execute(sql: first)
    }
    migrator.registerMigration("2 epochs of items that left") { db in
      // The highest epoch of an item that left the index without having ended: quarantined, or its file gone for a while.
      try db.execute(
        sql: "CREATE TABLE departed (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL)")
    }
    return migrator
  }

  private static let first = """
    CREATE TABLE items (
      key INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      stem TEXT,                        -- what the file name says, where it is not the id
      state INTEGER NOT NULL,           -- -1 held back by its record, 0 ready, 1 waiting, 2 claimed
      priority INTEGER NOT NULL, created INTEGER NOT NULL,
      attempts INTEGER NOT NULL, max_attempts INTEGER, epoch INTEGER NOT NULL,
      inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
      written INTEGER,                  -- the outbox row that will rewrite its file
      prefer TEXT,
      boot TEXT, due_mono REAL, due_wall INTEGER,   -- end of lease or of waiting
      agent TEXT, token TEXT, claimed_wall INTEGER, claimed_mono REAL, percent REAL, note TEXT,
      record BLOB);                     -- the file's bytes while it is claimed
    CREATE UNIQUE INDEX items_stem ON items (stem) WHERE stem IS NOT NULL;
    CREATE INDEX items_ready ON items (priority DESC, created, id) WHERE state = 0 AND prefer IS NULL;
    CREATE INDEX items_preferred ON items (prefer, priority DESC, created, id)
      WHERE state = 0 AND prefer IS NOT NULL;
    CREATE INDEX items_due ON items (boot, due_mono) WHERE state > 0;

    CREATE TABLE outbox (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL, stem TEXT NOT NULL, kind INTEGER NOT NULL,
      inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
      work_at INTEGER NOT NULL,         -- where the item's own bytes begin in a finished record
      removes TEXT,                     -- a file that this one replaces, beside the item's own
      bytes BLOB NOT NULL);

    CREATE TABLE quarantined (stem TEXT PRIMARY KEY, id TEXT NOT NULL, reason TEXT NOT NULL, at_ns INTEGER NOT NULL)
      WITHOUT ROWID;
    CREATE TABLE preferred (agent TEXT PRIMARY KEY, boot TEXT NOT NULL, seen_mono REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE refresh (
      one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT NOT NULL, next_mono REAL NOT NULL, ended_mono REAL NOT NULL,
      duration REAL NOT NULL, dir_mtime INTEGER NOT NULL, seen_mono REAL NOT NULL, settled INTEGER NOT NULL,
      failed INTEGER NOT NULL);
    """
}
