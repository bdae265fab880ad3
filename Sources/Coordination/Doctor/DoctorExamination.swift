package import DSLBase
import Glibc

/// Collects the facts of a directory, changing nothing, and mends what is safe to mend.
package struct DoctorExamination: Sendable {
  /// Files of dead writers are left alone until they are that old, seconds.
  private static let settled = 3600.0
  /// Names in two places that are looked into.
  private static let doubtful = 1000
  /// Decisions whose started agents are looked for.
  private static let recentDecisions = 50

  let directory: CoordinationDirectory
  private let limits: RecordLimits
  let time: any TimeSource
  let seed: UInt64
  private let assumedOffset: Int

  package init(
    _ directory: CoordinationDirectory, limits: RecordLimits, time: any TimeSource, seed: UInt64,
    assumedOffset: Int
  ) {
    self.directory = directory
    self.limits = limits
    self.time = time
    self.seed = seed
    self.assumedOffset = assumedOffset
  }

  /// Looks at everything.
  ///
  /// - Parameter engineActs: whether an engine acts on the directory; `nil` when that cannot be told.
  /// - Throws: `internalError` only; what cannot be seen is a fact.
  package func facts(engineActs: Bool?) throws(DSLError) -> DoctorFacts {
    let now = time.now
    let scanner = DirectoryScanner(
      directory: directory, limits: limits, now: now, assumedOffset: assumedOffset)
    var facts = DoctorFacts(path: directory.path, snapshot: try scanner.scan(index: .none))
    facts.engineActs = engineActs
    unfinishedRestores(&facts)
    guard facts.snapshot.state == .readable else { return facts }
    names(&facts, now)
    facts.isWritable.directory = directory.files.isWritable(directory.path)
    if (try? directory.files.status(directory.state)) != nil {
      facts.isWritable.state = directory.files.isWritable(directory.state)
    }
    facts.spanBytes = (try? directory.files.status(directory.spans))?.size ?? 0
    facts.space = space()
    do throws(DSLError) { facts.journal = try journal(facts) } catch { facts.failures.append(error) }
    do throws(DSLError) { facts.queue = try queue(facts) } catch { facts.failures.append(error) }
    return facts
  }

  /// What the names and times of the directory's files tell.
  private func names(_ facts: inout DoctorFacts, _ now: Timestamp) {
    let old = now.adding(seconds: -Self.settled).nanoseconds
    let future = now.adding(seconds: Diagnosis.skew).nanoseconds
    var places: [String: [RecordKind]] = [:]
    for folder in [directory.path, directory.state] {
      try? directory.files.walk(folder) { entry in
        let name = String(decoding: entry.name, as: UTF8.self)
        if case .record(let kind) = RecordName(entry.name), [.work, .completed, .failed].contains(kind) {
          places[RecordName.id(kind, entry.name), default: []].append(kind)
        }
        let isTemp = AtomicFile.isTemp(entry.name)
        let isLock = folder == directory.path && name.hasSuffix(".lock")
        let status = try entry.status()
        guard status.kind == .file else { return }
        if status.modified > future { facts.futureFiles.append(name) }
        guard status.changed < old, status.modified < old else { return }
        if isTemp { facts.temps.append("\(folder)/\(name)") }
        if isLock { facts.oldLocks.append("\(folder)/\(name)") }
      }
    }
    let doubtful = places.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.prefix(Self.doubtful)
    facts.duplicates = doubtful.filter { isDuplicate($0.key, $0.value) }.map(\.key)
    facts.temps.sort()
    facts.oldLocks.sort()
    facts.futureFiles.sort()
  }

  /// What restores that were killed left beside the directory.
  private func unfinishedRestores(_ facts: inout DoctorFacts) {
    let place = AtomicFile.split(directory.path)
    guard place.name != ".", place.name != "..", !place.name.isEmpty else { return }
    try? directory.files.walk(place.directory) { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      guard let kind = RestoreLeftover(name, of: place.name), try entry.status().kind == .directory else {
        return
      }
      let path = directory.path.dropLast(place.name.count) + name
      switch kind {
      case .staging(let pid) where pid == getpid() || kill(pid, 0) == 0 || errno == EPERM: break
      case .staging: facts.stagedRestores.append(String(path))
      case .exchange: facts.halfRestores.append(String(path))
      }
    }
    facts.stagedRestores.sort()
    facts.halfRestores.sort()
  }

  /// Whether the records of one name are about one item: the original numbers its finished items anew, and only records
  /// that say whose end they are show that an item is in two places.
  private func isDuplicate(_ stem: String, _ kinds: [RecordKind]) -> Bool {
    kinds.count { kind in
      guard kind != .work else { return true }
      let bytes = try? directory.files.read(directory.record(kind, stem), limit: limits.recordBytes)
      return bytes.flatMap { try? JSONParser.parse($0) }?["work_id"] != nil
    } > 1
  }

  private func journal(_ facts: DoctorFacts) throws(DSLError) -> DoctorFacts.JournalFacts? {
    let opened: Journal?
    do { opened = try Journal.openForReading(directory) } catch {
      throw (error as? DSLError) ?? (error as? FileError)?.asDSLError
        ?? DSLError(.io, "the journal cannot be opened", cause: "\(error)")
    }
    guard let journal = opened else { return nil }
    var result = DoctorFacts.JournalFacts()
    result.store = try journal.info()
    result.findings = try journal.check()
    guard !result.findings.contains(where: { $0.id == "damaged-file" }) else { return result }
    result.unfinished = try journal.unfinished().map(\.id)
    result.undoing = try journal.state(Journal.undoMark)?["decision"]?.string
    let known = Set(facts.snapshot.agents.flatMap { [$0.id, $0.fileID] })
    let recent = try journal.decisions(DecisionFilter(outcomes: [.executed], limit: Self.recentDecisions))
    let retired = Set(
      recent.flatMap(\.steps).filter { Self.takes($0.step) }.compactMap { $0.step["target"]?.string })
    for decision in recent where !decision.isUndone {
      for step in decision.steps where step.step["action"]?.string == "start_agent" {
        guard let id = step.step["target"]?.string, !known.contains(id), !retired.contains(id) else {
          continue
        }
        result.startedWithoutRecord.append(id)
      }
    }
    return result
  }

  /// Whether a step takes an agent out of the fleet.
  private static func takes(_ step: JSONValue) -> Bool {
    ["retire_agent", "drain_agent"].contains(step["action"]?.string)
  }

  private func queue(_ facts: DoctorFacts) throws(DSLError) -> DoctorFacts.QueueFacts? {
    guard let info = try WorkQueue.info(directory) else { return nil }
    let queue = try WorkQueue(directory: directory, time: time, seed: seed, access: .readOnly)
    var result = DoctorFacts.QueueFacts()
    result.unprojected = info.rows.first { $0.table == "outbox" }?.count ?? 0
    let statistics = try queue.statistics()
    result.expired = statistics.expired
    let up = Set(facts.snapshot.agents.filter { $0.status != .stopped }.flatMap { [$0.id, $0.fileID] })
    // Claims without any agent's record are of hand-made workers, which need none: only a record that says "stopped"
    // shows that the holder is gone.
    let down = Set(facts.snapshot.agents.filter { $0.status == .stopped }.flatMap { [$0.id, $0.fileID] })
    result.orphaned = statistics.agents.filter {
      $0.count > 0 && down.contains($0.agent) && !up.contains($0.agent)
    }
    .map { "\($0.count) of \($0.agent)" }
    return result
  }

  private func space() -> DoctorFacts.Space? {
    var status = statvfs()
    guard statvfs(directory.path, &status) == 0 else { return nil }
    let unit = Int64(status.f_frsize)
    return DoctorFacts.Space(
      freeBytes: Int64(status.f_bavail) * unit, totalBytes: Int64(status.f_blocks) * unit,
      freeInodes: Int64(status.f_favail), totalInodes: Int64(status.f_files))
  }
}
