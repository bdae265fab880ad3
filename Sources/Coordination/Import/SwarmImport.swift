package import DSLBase
import Glibc

/// Brings SwarmSH state into a coordination directory.
///
/// The source is only ever read. Each record is committed durably and whole, and one that is already there, in whatever
/// state, is left as it is: so an import that was cut short is finished by importing again, and importing twice changes
/// nothing.
package struct SwarmImport: Sendable {
  /// Files larger than this are not read. Bytes.
  private static let fileLimit = 512 << 20
  /// Records written with one sync of the directory.
  private static let batch = 200

  private let source: String
  private let directory: CoordinationDirectory
  private let heartbeatLimit: Double
  private let now: Timestamp

  /// - Parameters:
  ///   - source: the SwarmSH coordination directory.
  ///   - heartbeatLimit: seconds of silence after which an agent is taken over as stopped.
  package init(
    _ source: String, into directory: CoordinationDirectory, heartbeatLimit: Double, now: Timestamp
  ) {
    self.source = source
    self.directory = directory
    self.heartbeatLimit = heartbeatLimit
    self.now = now
  }

  /// Reads the source.
  ///
  /// - Throws: `notFound` when there is no such directory, or nothing of SwarmSH in it; `io`.
  package func read() throws(DSLError) -> SwarmState {
    var found: [(kind: SwarmState.Kind, name: String)] = []
    for folder in ["", "archived_claims/", "backups/"] {
      let path = folder.isEmpty ? source : "\(source)/\(folder.dropLast())"
      guard try WorkQueue.filed({ () throws(FileError) in try directory.files.status(path + "/.") }) != nil
      else {
        guard folder.isEmpty else { continue }
        throw DSLError(.notFound, "there is no directory \(source)", fix: "name SwarmSH's COORDINATION_DIR")
      }
      do {
        try directory.files.walk(path) { entry in
          let name = String(decoding: entry.name, as: UTF8.self)
          if let kind = SwarmState.kind(of: name) { found.append((kind, folder + name)) }
        }
      } catch {
        throw (error as? FileError)?.asDSLError
          ?? DSLError(.io, "\(path) cannot be listed", cause: "\(error)")
      }
    }
    guard !found.isEmpty else {
      throw DSLError(
        .notFound, "\(source) holds no SwarmSH state",
        cause:
          "looked for work_claims.json, work_claims_fast.jsonl, coordination_log.json, agent_status.json, …",
        fix: "name SwarmSH's COORDINATION_DIR")
    }
    var state = SwarmState()
    for (kind, name) in found.sorted(by: { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }) {
      let bytes = try WorkQueue.filed { () throws(FileError) in
        try directory.files.read("\(source)/\(name)", limit: Self.fileLimit)
      }
      state.add(name, kind, bytes)
    }
    return state
  }

  /// Takes over what is not there yet.
  ///
  /// - Parameter dryRun: only says what would be done; nothing is written.
  /// - Throws: `notFound` when the target does not exist; `io`: what was written before stays, and importing again goes on.
  package func write(_ state: SwarmState, dryRun: Bool) throws(DSLError) -> SwarmImportReport {
    var report = SwarmImportReport(state)
    let records = SwarmRecords(heartbeatLimit: heartbeatLimit, now: now)
    var files: [SwarmRecords.File] = []
    for item in state.items {
      guard try !isThere(item.id) else {
        report.present += 1
        continue
      }
      let file = records.file(item)
      report.count(file.name)
      files.append(file)
    }
    for agent in state.agents {
      let file = records.file(agent)
      guard try status("\(directory.path)/\(file.name)") == nil else {
        report.present += 1
        continue
      }
      report.count(file.name)
      files.append(file)
    }
    let spans = state.spans.reduce(into: [UInt8]()) { $0 += JSONValue.object($1).serialized() + [0x0A] }
    let spansAreThere = try status(spansFile)?.size == Int64(spans.count)
    report.spans = spansAreThere ? 0 : state.spans.count
    guard !dryRun else { return report }
    var rest = files[...]
    while !rest.isEmpty {
      try AtomicFile.commitAll(
        directory.files, directory.path, rest.prefix(Self.batch).map { ($0.name, $0.bytes) }, exclusive: true)
      rest = rest.dropFirst(Self.batch)
    }
    if !spans.isEmpty, !spansAreThere {
      try WorkQueue.filed { () throws(FileError) in
        try AtomicFile.makeDirectory(directory.files, directory.state)
        try AtomicFile.makeDirectory(directory.files, directory.state + "/telemetry")
      }
      try AtomicFile.commit(directory.files, spansFile, spans)
    }
    return report
  }

  /// Where the spans go: as they were, one a line.
  private var spansFile: String { directory.state + "/telemetry/swarmsh-spans.jsonl" }

  private func isThere(_ id: String) throws(DSLError) -> Bool {
    let places = [
      directory.record(.work, id), directory.record(.completed, id), directory.record(.failed, id),
      "\(directory.quarantine)/work_\(id).json",
    ]
    for place in places where try status(place) != nil { return true }
    return false
  }

  private func status(_ path: String) throws(DSLError) -> FileStatus? {
    try WorkQueue.filed { () throws(FileError) in try directory.files.status(path) }
  }
}

/// What an import took over, or would.
package struct SwarmImportReport: Sendable, Equatable {
  package var pending = 0
  package var completed = 0
  package var failed = 0
  package var agents = 0
  package var spans = 0
  /// Items and agents that were there already, and were left as they are.
  package var present = 0
  /// Records that were joined into one of the same id.
  package var joined: Int
  package var sources: [SwarmState.Source]
  package var dropped: [SwarmState.Dropped]

  init(_ state: SwarmState) {
    joined = state.joined
    sources = state.sources
    dropped = state.dropped
  }

  /// Whether anything was, or would be, written.
  package var changes: Bool { pending + completed + failed + agents + spans > 0 }

  mutating func count(_ name: String) {
    if name.hasPrefix("work_") {
      pending += 1
    } else if name.hasPrefix("completed_") {
      completed += 1
    } else if name.hasPrefix("failed_") {
      failed += 1
    } else {
      agents += 1
    }
  }

  package var json: JSONValue {
    [
      "pending": .int(pending), "completed": .int(completed), "failed": .int(failed), "agents": .int(agents),
      "spans": .int(spans), "present": .int(present), "joined": .int(joined),
      "sources": .array(
        sources.map { ["file": .string($0.file), "objects": .int($0.objects), "dropped": .int($0.dropped)] }),
      "dropped": .array(
        dropped.map { ["file": .string($0.file), "offset": .int($0.offset), "reason": .string($0.reason)] }),
    ]
  }
}
