package import DSLBase
import Glibc

/// Looks at a coordination directory once, in one walk, without changing a record.
///
/// Without the index every record is opened and read; with it only those that changed since the index was written. Both give
/// the same snapshot.
package struct DirectoryScanner {
  private let directory: CoordinationDirectory
  private let limits: RecordLimits
  private let now: Timestamp
  private let assumedOffset: Int

  /// A scanner.
  ///
  /// - Parameters:
  ///   - directory: where.
  ///   - limits: what is read and how ages are judged.
  ///   - now: what ages refer to; with `IndexUse.readWrite` the real time, for it also tells which files may still change
  ///     within one tick of the file system's clock.
  ///   - assumedOffset: seconds east of UTC for times without a zone.
  package init(directory: CoordinationDirectory, limits: RecordLimits, now: Timestamp, assumedOffset: Int) {
    self.directory = directory
    self.limits = limits
    self.now = now
    self.assumedOffset = assumedOffset
  }

  /// Looks.
  ///
  /// What cannot be seen is part of the snapshot: a directory that is missing or refused is a `state`, a bad record is a
  /// problem, a bad index is a note.
  ///
  /// - Throws: `internalError` only.
  /// - Complexity: O(entries); memory O(agents + index entries).
  package func scan(index use: IndexUse) throws(DSLError) -> DirectorySnapshot {
    let store = RecordIndexStore(directory: directory, assumedOffset: assumedOffset)
    var index = use == .none ? RecordIndex() : store.load()
    let isKnown = !index.isEmpty
    var pass = ScanPass(
      limits: limits, tally: SnapshotTally(at: now, limits: limits),
      facts: FactsReader(assumedOffset: assumedOffset),
      trustedBefore: now.adding(seconds: -2).nanoseconds, assumedOffset: assumedOffset,
      collects: use == .readWrite)
    swap(&pass.index, &index)
    var buffer: [UInt8] = []
    do {
      try directory.files.walk(directory.path) { entry in pass.visit(entry, &buffer) }
    } catch let error as FileError {
      var snapshot = DirectorySnapshot(at: now)
      snapshot.state = Self.state(error)
      snapshot.sources = ["agents", "work", "completed", "telemetry"].map {
        SourceEvidence(source: $0, status: .missing)
      }
      return snapshot
    } catch {
      throw DSLError(
        .internalError, "the walk over \(FileName.shown(directory.path)) failed", cause: "\(error)")
    }
    if use == .readWrite, pass.tally.seen > limits.indexAbove { store.save(&pass.index) }
    pass.tally.setIndex(used: isKnown, notes: pass.index.notes)
    return pass.tally.finish(configured: pass.isConfigured || (pass.hasState && hasJournal))
  }

  private var hasJournal: Bool { (try? directory.files.status(directory.journal)) != nil }

  private static func state(_ error: FileError) -> DirectorySnapshot.State {
    switch error.errno {
    case ENOENT: .missing
    case ENOTDIR: .notADirectory
    case EACCES, EPERM: .unreadable("no permission to read the directory")
    default: .unreadable("\(error.operation) failed: \(error.reason)")
    }
  }
}

/// One walk under way.
private struct ScanPass {
  let limits: RecordLimits
  var tally: SnapshotTally
  var facts: FactsReader
  /// Files changed at or after this time, nanoseconds, may change again without their times showing it.
  let trustedBefore: Int64
  let assumedOffset: Int
  /// Whether what is read goes into the index.
  let collects: Bool
  var index = RecordIndex()
  var isConfigured = false
  var hasState = false

  mutating func visit(_ entry: any WalkEntry, _ buffer: inout [UInt8]) {
    switch RecordName(entry.name) {
    case .record(.agent): visitAgent(entry, &buffer)
    case .record(let kind): visitRecord(kind, entry, &buffer)
    case .lookalike: tally.addLookalike()
    case .other:
      if entry.name.spells("dsl.yaml") { isConfigured = true }
      if entry.name.spells(".dsl") { hasState = true }
    }
  }

  private mutating func visitRecord(_ kind: RecordKind, _ entry: any WalkEntry, _ buffer: inout [UInt8]) {
    do throws(FileError) {
      if !index.isEmpty {
        let status = try entry.status()
        if status.size <= limits.recordBytes, let known = index.find(status, kind) {
          return add(kind, known, entry)
        }
      }
      try entry.read(into: &buffer, limit: limits.recordBytes)
      let reading = buffer.withUnsafeBufferPointer { facts.read(kind, $0) }
      tally.addRead()
      add(kind, reading, entry)
      guard collects else { return }
      let status = try entry.status()
      if max(status.modified, status.changed) < trustedBefore { index.insert(status, kind, reading) }
    } catch {
      addProblem(kind, entry, error)
    }
  }

  private mutating func visitAgent(_ entry: any WalkEntry, _ buffer: inout [UInt8]) {
    do throws(FileError) {
      try entry.read(into: &buffer, limit: limits.recordBytes)
    } catch {
      return addProblem(.agent, entry, error)
    }
    tally.addRead()
    let fallbackID = RecordName.id(.agent, entry.name)
    do throws(JSONError) {
      let reading = try buffer.withUnsafeBufferPointer { (bytes) throws(JSONError) in
        try AgentRecord.read(bytes, fallbackID: fallbackID, assumedOffset: assumedOffset)
      }
      switch reading {
      case .agent(let agent): tally.add(agent)
      case .lookalike: tally.addLookalike()
      }
    } catch {
      tally.addProblem(.agent, FileName.shown(entry.name), error.description)
    }
  }

  private mutating func add(_ kind: RecordKind, _ reading: FactsReading, _ entry: any WalkEntry) {
    switch reading {
    case .record(let facts): tally.add(kind, facts)
    case .lookalike: tally.addLookalike()
    case .problem(let reason): tally.addProblem(kind, FileName.shown(entry.name), reason)
    }
  }

  /// A file that vanished between the listing and the reading is no problem: somebody finished or moved it.
  private mutating func addProblem(_ kind: RecordKind, _ entry: any WalkEntry, _ error: FileError) {
    if error.errno == ENOENT { return }
    tally.addProblem(
      kind, FileName.shown(entry.name), RecordProblem.reason(error, limit: limits.recordBytes))
  }
}
