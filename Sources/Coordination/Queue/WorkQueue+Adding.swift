package import DSLBase
import GRDB

extension WorkQueue {
  /// Adds items, durably, all or none.
  ///
  /// Each gets `id`, `status` "pending", `created`, `priority` and `attempts` unless its fields have them.
  ///
  /// - Parameter skipExisting: whether items whose id is taken are passed over instead of refusing the whole call, so that a
  ///   call that was interrupted can be repeated.
  /// - Returns: the ids added, in order.
  /// - Throws: `conflict` naming an id that is taken, before anything is written; `invalidInput` for an id that cannot be
  ///   part of a file name; `io`.
  package func add(_ items: [NewWorkItem], skipExisting: Bool = false) throws(DSLError) -> [String] {
    guard store.isWritable else { throw Self.readOnly }
    var seen: Set<String> = []
    var records: [(id: String, bytes: [UInt8])] = []
    let now = time.now
    let leaving = try store.read { db in try String.fetchSet(db, sql: "SELECT id FROM outbox") } ?? []
    for item in items {
      let given = item.id ?? item.fields["id"]?.string
      let id = if let given { given } else { try unusedID() }
      guard CoordinationDirectory.isSafe(id: id), !RecordName.isReserved(.work, id: id) else {
        throw DSLError(
          .invalidInput, "\(FileName.shown(id)) cannot be the id of an item",
          fix: "use 1 to 200 letters, digits and signs without spaces or slashes")
      }
      let taken = leaving.contains(id) ? true : try isTaken(id)
      guard seen.insert(id).inserted, !taken else {
        guard skipExisting else { throw DSLError(.conflict, "there already is an item \(id)") }
        continue
      }
      let bytes = Self.record(id, item.fields, now)
      guard bytes.count <= Self.recordLimit else {
        throw DSLError(.invalidInput, "item \(id) is larger than \(Self.recordLimit) bytes")
      }
      records.append((id, bytes))
    }
    try AtomicFile.commitAll(
      directory.files, directory.path, records.map { ("work_\($0.id).json", $0.bytes) }, exclusive: true)
    try store.write(.normal) { db in
      for (id, bytes) in records {
        guard let status = try directory.files.status(directory.record(.work, id)) else { continue }
        try ItemFacts(bytes, stem: id, version: FileVersion(status), now: now)?.store(db)
      }
    }
    return records.map(\.id)
  }

  static let readOnly = DSLError(
    .invalidState, "the work queue was opened for reading only", fix: "open it for writing")

  private func unusedID() throws(DSLError) -> String {
    while true {
      let id = "w-" + randomHex()
      if try !isTaken(id) { return id }
    }
  }

  /// Whether there is, or was, an item of that id.
  private func isTaken(_ id: String) throws(DSLError) -> Bool {
    let paths = [
      directory.record(.work, id), directory.record(.completed, id), directory.record(.failed, id),
      "\(directory.quarantine)/work_\(id).json",
    ]
    for path in paths {
      if try Self.filed({ () throws(FileError) in try directory.files.status(path) }) != nil { return true }
    }
    return try store.read { db in
      try db.any("SELECT 1 FROM items WHERE id=?", id)
    } ?? false
  }

  private static func record(_ id: String, _ fields: JSONObject, _ now: Timestamp) -> [UInt8] {
    var object: JSONObject = ["id": .string(id)]
    for member in fields { object[member.key] = member.value }
    object["id"] = .string(id)
    for (key, value) in [
      ("status", "pending"), ("created", now.json), ("priority", .int(WorkPriority.standard)),
      ("attempts", 0),
    ] as [(String, JSONValue)] where object[key] == nil {
      object[key] = value
    }
    return JSONValue.object(object).serialized(.pretty) + [0x0A]
  }
}
