import GRDB

/// The journal's schema. Append-only: a migration that shipped is never edited.
enum JournalSchema {
  static var migrations: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 cycles, decisions, steps, undo, verifications, state") { db in
      try db.execute(sql: first)
    }
    migrator.registerMigration("2 policies") { db in try db.execute(sql: policies) }
    migrator.registerMigration("3 hash chain") { db in try ChainSchema.create(db) }
    migrator.registerMigration("4 cycles by policy") { db in
      try db.execute(sql: "CREATE INDEX cycles_policy ON cycles (policy_hash)")
    }
    migrator.registerMigration("5 approvals, pauses") { db in
      try db.execute(sql: Journal.approvalsSchema + Journal.pausesSchema)
    }
    migrator.registerMigration("6 leadership") { db in try db.execute(sql: leadership) }
    migrator.registerMigration("7 ledger of predictions") { db in
      try db.execute(sql: Journal.ledgerSchema)
    }
    migrator.registerMigration("8 tally") { db in try db.execute(sql: Journal.tallySchema) }
    return migrator
  }

  /// A row a term of a leader, and the term in which each intent, receipt, outcome and undo was written.
  private static let leadership = """
    CREATE TABLE leadership (
      epoch INTEGER PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, start_ticks TEXT NOT NULL,
      boot_id TEXT NOT NULL, acquired_ns INTEGER NOT NULL, renewed_ns INTEGER NOT NULL, renewed_boot_s REAL NOT NULL,
      renewals INTEGER NOT NULL, duration_s REAL NOT NULL, locked INTEGER NOT NULL, released_ns INTEGER);
    ALTER TABLE decisions ADD COLUMN epoch INTEGER;
    ALTER TABLE decisions ADD COLUMN outcome_epoch INTEGER;
    ALTER TABLE steps ADD COLUMN epoch INTEGER;
    ALTER TABLE undo ADD COLUMN epoch INTEGER;
    """

  /// The texts that decided, once each: a policy file is edited, what it said then must stay.
  private static let policies = """
    CREATE TABLE policies (hash TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
    """

  private static let first = """
    CREATE TABLE cycles (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started_ns INTEGER NOT NULL, backend TEXT NOT NULL,
      engine_version TEXT NOT NULL, policy_name TEXT NOT NULL, policy_hash TEXT NOT NULL, seed TEXT NOT NULL,
      settings TEXT NOT NULL, observation TEXT NOT NULL, metrics TEXT NOT NULL, trace_id TEXT,
      dry_run INTEGER NOT NULL, epoch INTEGER NOT NULL,
      executed INTEGER, failed INTEGER, skipped INTEGER, duration_ms REAL, health_after REAL, notes TEXT);
    CREATE INDEX cycles_started ON cycles (started_ns);

    CREATE TABLE decisions (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cycle TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL,
      direction TEXT NOT NULL, decision TEXT NOT NULL, at_ns INTEGER NOT NULL, outcome TEXT, message TEXT,
      duration_ms REAL, finished_ns INTEGER, gate TEXT, reason TEXT, observed REAL, required REAL);
    CREATE INDEX decisions_cycle ON decisions (cycle);
    CREATE INDEX decisions_at ON decisions (at_ns);
    CREATE INDEX decisions_actions ON decisions (at_ns) WHERE gate IS NULL;
    CREATE INDEX decisions_open ON decisions (seq) WHERE outcome IS NULL;

    CREATE TABLE steps (
      decision TEXT NOT NULL, number INTEGER NOT NULL, step TEXT NOT NULL, receipt TEXT, performed_ns INTEGER,
      PRIMARY KEY (decision, number)) WITHOUT ROWID;

    CREATE TABLE undo (
      seq INTEGER PRIMARY KEY, decision TEXT NOT NULL, at_ns INTEGER NOT NULL, asked_by TEXT NOT NULL,
      outcome TEXT NOT NULL, reason TEXT NOT NULL, steps TEXT NOT NULL);
    CREATE INDEX undo_decision ON undo (decision);

    CREATE TABLE verifications (seq INTEGER PRIMARY KEY, decision TEXT NOT NULL, verdict TEXT NOT NULL);
    CREATE INDEX verifications_decision ON verifications (decision);

    CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """
}
