package import DSLBase

/// Something that is wrong, in words for somebody who is tired.
package struct DoctorFinding: Sendable, Equatable {
  package enum Severity: String, Sendable {
    /// The engine cannot work, or something is lost.
    case error
    /// It works, and somebody should look.
    case warning
  }

  /// A stable word: "silent-agents".
  package var id: String
  package var severity: Severity
  /// What was found, with its numbers.
  package var evidence: String
  /// The command or act that mends it.
  package var fix: String
  /// Whether `dsl doctor --fix` mends it.
  package var isSafe = false
}

/// Finds what is wrong from facts alone. Pure.
package enum Diagnosis {
  /// Seconds after which a registered agent that said nothing is worth a word.
  package static let silence = 3600.0
  /// Seconds that a clock may be ahead without a word.
  package static let skew = 60.0
  /// A span file beyond this was not rotated. Bytes.
  private static let spanLimit: Int64 = 256 << 20
  private static let listed = 3

  /// All findings, errors first.
  package static func findings(_ facts: DoctorFacts) -> [DoctorFinding] {
    let all =
      directory(facts) + agents(facts) + files(facts) + queue(facts) + journal(facts) + surroundings(facts)
    return all.filter { $0.severity == .error } + all.filter { $0.severity == .warning }
  }

  private static func directory(_ facts: DoctorFacts) -> [DoctorFinding] {
    var found = (facts.configuration + facts.failures).map { error in
      DoctorFinding(
        id: facts.configuration.contains { $0.message == error.message }
          ? "configuration" : error.code == .unsupported ? "newer-schema" : "unreadable-state",
        severity: .error, evidence: error.message + (error.cause.map { ": \($0)" } ?? ""),
        fix: error.fix ?? "correct what it names")
    }
    switch facts.snapshot.state {
    case .readable: break
    case .missing where !facts.halfRestores.isEmpty:
      let tree = facts.halfRestores[facts.halfRestores.count - 1]
      found.append(
        .error(
          "half-restored", "\(facts.path) is not there: a restore was killed between its two renames",
          "mv -T \(quoted(tree)) \(quoted(facts.path))"))
    case .missing:
      found.append(.error("no-directory", "\(facts.path) does not exist", "dsl init \(facts.path)"))
    case .notADirectory:
      found.append(
        .error("no-directory", "\(facts.path) is not a directory", "name another with --coord-dir"))
    case .unreadable(let why):
      found.append(
        .error("no-access", "\(facts.path): \(why)", "run as its owner, or: chmod u+rwx \(facts.path)"))
    }
    if !facts.isWritable.directory {
      found.append(
        .error("not-writable", "this user may not write \(facts.path): no engine can act", "run as its owner")
      )
    } else if !facts.isWritable.state {
      found.append(
        .error(
          "not-writable", "this user may not write \(facts.path)/.dsl: no engine can act",
          "chown -R $(id -un) \(facts.path)/.dsl"))
    }
    var left = facts.stagedRestores
    if facts.snapshot.state == .readable { left += facts.halfRestores }
    if !left.isEmpty {
      found.append(
        .warning(
          "unfinished-restores", "\(things(left.count, "tree")) of restores that were killed: \(list(left))",
          "rm -r -- \(left.map(quoted).joined(separator: " "))"))
    }
    return found
  }

  /// A path as a shell takes it for one word.
  private static func quoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || "-_./".utf8.contains($0)
    }
    return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
  }

  private static func agents(_ facts: DoctorFacts) -> [DoctorFinding] {
    let snapshot = facts.snapshot
    let up = snapshot.agents.filter(\.isUp)
    var found: [DoctorFinding] = []
    let heard = up.filter { ($0.heartbeatAge(at: snapshot.at) ?? .infinity) <= silence }
    if !up.isEmpty, heard.count < up.count {
      let silent = up.filter { agent in !heard.contains { $0.id == agent.id } }.map(\.id)
      found.append(
        .warning(
          "silent-agents",
          "\(things(up.count, "agent")) registered as up, \(things(heard.count, "heartbeat")) within the hour; "
            + "silent: \(list(silent))",
          "dsl agent heartbeat ID --stopped, for those that are gone; or let the engine replace them: dsl auto execute"
        ))
    }
    let ahead = snapshot.agents.filter { ($0.heartbeatAge(at: snapshot.at) ?? 0) < -skew }.map(\.id)
    if !ahead.isEmpty {
      found.append(
        .warning(
          "clock-skew", "heartbeats from the future: \(list(ahead))",
          "set the clocks of these hosts (chronyc tracking), or write times with a zone"))
    }
    return found
  }

  private static func files(_ facts: DoctorFacts) -> [DoctorFinding] {
    var found: [DoctorFinding] = []
    if facts.snapshot.problemCount > 0 {
      let first = facts.snapshot.problems.prefix(listed).map(\.description)
      found.append(
        .error(
          "unreadable-records",
          "\(things(facts.snapshot.problemCount, "record")) cannot be read: \(first.joined(separator: "; "))",
          "correct these files, or move them out of \(facts.path)"))
    }
    if !facts.duplicates.isEmpty {
      found.append(
        .error(
          "duplicate-ids", "ids in more than one place: \(list(facts.duplicates))",
          "look at both (dsl work show ID) and move the wrong file out of \(facts.path)"))
    }
    if !facts.temps.isEmpty {
      found.append(
        .warning(
          "temp-files", "\(things(facts.temps.count, "temp")) of dead writers: \(list(facts.temps))",
          "dsl doctor --fix", isSafe: true))
    }
    if !facts.oldLocks.isEmpty {
      found.append(
        .warning(
          "stale-locks", "lock files of another program, untouched for an hour: \(list(facts.oldLocks))",
          "when no such program runs: rm \(facts.oldLocks.prefix(listed).joined(separator: " "))"))
    }
    if !facts.futureFiles.isEmpty {
      found.append(
        .warning(
          "future-files", "files written in the future: \(list(facts.futureFiles))",
          "set this host's clock (chronyc tracking), or touch the files"))
    }
    return found
  }

  private static func queue(_ facts: DoctorFacts) -> [DoctorFinding] {
    guard let queue = facts.queue else { return [] }
    var found: [DoctorFinding] = []
    if queue.expired > 0 {
      found.append(
        .warning(
          "expired-claims", "\(things(queue.expired, "claim")) held past the lease: the worker died",
          "the next claim or turn offers them again: dsl auto execute"))
    }
    if !queue.orphaned.isEmpty {
      found.append(
        .warning(
          "orphaned-claims",
          "claims of agents that are gone: \(list(queue.orphaned))",
          "dsl work requeue ID, or wait for the lease to end"))
    }
    if queue.unprojected > 0, facts.engineActs != true {
      found.append(
        .warning(
          "unwritten-results", "\(things(queue.unprojected, "finished item")) not yet written to files",
          "dsl doctor --fix", isSafe: true))
    }
    return found
  }

  private static func journal(_ facts: DoctorFacts) -> [DoctorFinding] {
    guard let journal = facts.journal else { return [] }
    var found: [DoctorFinding] = []
    for finding in journal.findings where finding.severity == .error {
      found.append(
        .error(
          "journal-\(finding.id)", "\(finding.meaning): \(list(finding.examples))",
          "dsl journal check; restore the journal from a backup when history matters"))
    }
    if !journal.unfinished.isEmpty, facts.engineActs != true {
      found.append(
        .warning(
          "half-done", "decisions that an engine left half done: \(list(journal.unfinished))",
          "the next turn settles them: dsl auto execute"))
    }
    if let id = journal.undoing, facts.engineActs != true {
      found.append(
        .warning(
          "half-undone", "the undo of \(id) was cut short", "the next turn finishes it: dsl auto execute"))
    }
    if !journal.startedWithoutRecord.isEmpty {
      found.append(
        .warning(
          "agents-without-record",
          "agents that a decision started and that have no record: \(list(journal.startedWithoutRecord))",
          "look at .dsl/logs; the next turn starts what is missing: dsl auto execute"))
    }
    if let store = journal.store {
      if store.mode == .rollback {
        found.append(
          .warning(
            "no-shared-memory",
            "the journal's file system has no shared memory: readers and writers wait for each other",
            "keep \(facts.path) on a local disk"))
      }
      if store.logBytes > 4 * WriteAheadLog.sizeLimit {
        found.append(
          .warning(
            "large-log",
            "the journal's log has \(store.logBytes >> 20) MiB: some program reads and does not end",
            "find it (fuser \(store.path)) and end it"))
      }
    }
    return found
  }

  private static func surroundings(_ facts: DoctorFacts) -> [DoctorFinding] {
    var found: [DoctorFinding] = []
    if let space = facts.space {
      for (word, free, total) in [
        ("bytes", space.freeBytes, space.totalBytes), ("inodes", space.freeInodes, space.totalInodes),
      ] where total > 0 && free * 20 < total {
        let severity = free * 100 < total ? DoctorFinding.Severity.error : .warning
        found.append(
          DoctorFinding(
            id: word == "bytes" ? "disk-nearly-full" : "inodes-nearly-gone", severity: severity,
            evidence: "\(free) of \(total) \(word) are free on the file system of \(facts.path)",
            fix: "make room: dsl journal prune, then look for what is large or many (du, df -i)"))
      }
    }
    if facts.spanBytes > spanLimit {
      found.append(
        .warning(
          "large-spans", "the span file has \(facts.spanBytes >> 20) MiB and is not rotated",
          "lower telemetry.rotate_size, or move the file away"))
    }
    return found
  }

  private static func things(_ count: Int, _ noun: String) -> String {
    count.counted(noun)
  }

  private static func list(_ names: [String]) -> String {
    let rest = names.count - listed
    return names.prefix(listed).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}

extension DoctorFinding {
  static func error(_ id: String, _ evidence: String, _ fix: String) -> DoctorFinding {
    DoctorFinding(id: id, severity: .error, evidence: evidence, fix: fix)
  }

  static func warning(_ id: String, _ evidence: String, _ fix: String, isSafe: Bool = false) -> DoctorFinding
  {
    DoctorFinding(id: id, severity: .warning, evidence: evidence, fix: fix, isSafe: isSafe)
  }

  package var json: JSONValue {
    [
      "id": .string(id), "severity": .string(severity.rawValue), "evidence": .string(evidence),
      "fix": .string(fix), "safe": .bool(isSafe),
    ]
  }
}
