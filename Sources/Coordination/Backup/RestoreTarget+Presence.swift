import DSLBase
import Glibc

extension RestoreTarget {
  private static let listed = 3

  /// Refuses while an agent runs that holds nothing: no lease tells of it.
  func requireNoAgents() throws {
    var names: [String] = []
    try files.walk(path) { entry in
      guard case .record(.agent) = RecordName(entry.name), try entry.status().kind == .file else { return }
      names.append(String(decoding: entry.name, as: UTF8.self))
    }
    var running: [String] = []
    // What was heard of an agent before the directory was restored, was heard in another life of it.
    let restored = (try? RestoreNote(path, files))?.restored
    for name in names.sorted() {
      // What cannot be read tells of nobody: what is damaged is what one restores over.
      guard let bytes = try? files.read("\(path)/\(name)", limit: AgentStore.sizeLimit),
        let record = try? AgentRecord(
          bytes, fallbackID: String(name.dropFirst(RecordKind.agent.prefix.count).dropLast(5)))
      else { continue }
      if record.pid == nil, let restored, let heartbeat = record.heartbeat, heartbeat <= restored { continue }
      if runs(record) { running.append(FileName.shown(record.id)) }
    }
    guard let first = running.first else { return }
    let rest = running.count - Self.listed
    throw DSLError(
      .locked,
      "agents run in \(path): " + running.prefix(Self.listed).joined(separator: ", ")
        + (rest > 0 ? " and \(rest) more" : ""),
      fix: "stop them (dsl agent drain \(first)); with --force nobody waits for them")
  }

  /// Gives the tree that comes leaders' terms above all of the tree that goes, and ends those: an engine that acts on the
  /// old tree, stopped or hung as it may be, is superseded wherever it goes on.
  ///
  /// Called while `fence.lock` is held, so that no commit of such an engine is under way.
  ///
  /// - Returns: what could not be done.
  func outrank(with tree: CoordinationDirectory) throws -> [String] {
    guard try files.status(directory.journal) != nil else { return [] }
    let last: Int64
    do {
      let journal = try Journal(directory: directory, access: .readWrite)
      guard try journal.leader() != nil else { return [] }
      last = try journal.passTerm(above: 0, by: holder, wall: time.now, monotonic: time.monotonicSeconds)
    } catch {
      return ["an engine that still has the replaced tree open is not superseded: \(error)"]
    }
    let journal = try Journal(directory: tree, access: .readWrite)
    _ = try journal.passTerm(above: last, by: holder, wall: time.now, monotonic: time.monotonicSeconds)
    try journal.checkpoint()
    return []
  }

  private var holder: LeaseHolder {
    var name = [CChar](repeating: 0, count: 256)
    let host =
      gethostname(&name, name.count - 1) == 0
      ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
    return LeaseHolder(host: host, pid: getpid(), startTicks: 0, bootID: time.monotonicOrigin)
  }
}
