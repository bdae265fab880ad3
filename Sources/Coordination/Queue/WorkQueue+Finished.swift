import DSLBase
import GRDB
import Glibc

extension WorkQueue {
  /// What the names of a directory's records of one kind say, in no order. A directory that does not exist has none.
  func recordNames(_ kind: RecordKind, in folder: String) throws(DSLError) -> [String] {
    guard try Self.filed({ () throws(FileError) in try directory.files.status(folder) }) != nil else {
      return []
    }
    var names: [String] = []
    do {
      try directory.files.walk(folder) { entry in
        if case .record(kind) = RecordName(entry.name) { names.append(RecordName.id(kind, entry.name)) }
      }
    } catch {
      throw StateDatabase.error(error, name: "directory", path: folder)
    }
    return names
  }

  /// A finished or quarantined item by its id: its file has the id in its name, with a number where that was taken.
  func finished(
    _ kind: RecordKind, _ id: String, in folder: String, _ state: WorkState
  ) throws(DSLError) -> WorkItemView? {
    var unnamed: WorkItemView?
    for number in 1... {
      let stem = number == 1 ? id : "\(id)-\(number)"
      let path = "\(folder)/\(kind.prefix)\(stem).json"
      guard try Self.filed({ () throws(FileError) in try directory.files.status(path) }) != nil else { break }
      guard let view = try finishedView(kind, stem, in: folder, state, isSought: true), view.id == id else {
        continue
      }
      if state == .quarantined || JSONText.member("work_id", of: view.record) != nil { return view }
      // Another program's record of the same name: only if no record says that it is of this item.
      unnamed = unnamed ?? view
    }
    if let unnamed { return unnamed }
    guard state == .quarantined else { return nil }
    let stem = try quarantinedStem(id)
    return try stem.flatMap { stem throws(DSLError) in try finishedView(kind, stem, in: folder, state) }
  }

  /// The name of the file that holds a quarantined item, as far as the store knows.
  func quarantinedStem(_ id: String) throws(DSLError) -> String? {
    try store.read { db in
      try String.fetchOne(db, sql: "SELECT stem FROM quarantined WHERE id=? ORDER BY stem", arguments: [id])
    } ?? nil
  }

  /// Reads a finished or quarantined item.
  ///
  /// - Parameter isSought: whether somebody asks for just this one, so that a file which cannot be read is an error and not
  ///   one to be passed over.
  /// - Returns: `nil` when the file is gone or is no record.
  func finishedView(
    _ kind: RecordKind, _ stem: String, in folder: String, _ state: WorkState, isSought: Bool = false
  ) throws(DSLError) -> WorkItemView? {
    let file = "\(kind.prefix)\(stem).json"
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try directory.files.read("\(folder)/\(file)", limit: 8 * Self.recordLimit)
    } catch {
      guard isSought, ![ENOENT, EINVAL, ELOOP, EFBIG].contains(error.errno) else { return nil }
      throw error.asDSLError
    }
    guard let value = try? JSONParser.parse(bytes), let fields = value.object else { return nil }
    let inner = state == .quarantined ? value : fields["work"] ?? .null
    let record = try? WorkRecord(inner.serialized(), fallbackID: stem)
    var note = fields["error"]?.string
    if state == .quarantined {
      note =
        try store.read { db in
          try String.fetchOne(db, sql: "SELECT reason FROM quarantined WHERE stem=?", arguments: [stem])
        } ?? nil
    }
    return WorkItemView(
      id: fields["work_id"]?.string ?? (state == .quarantined ? record?.id : nil) ?? stem, state: state,
      file: file,
      priority: record?.priority ?? WorkPriority.standard, created: record?.created,
      attempts: fields["attempts"]?.int ?? record?.attempts ?? 0, maxAttempts: record?.maxAttempts,
      agent: fields["agent_id"]?.string, epoch: Int64(fields["epoch"]?.int ?? 0), leaseUntil: nil,
      notBefore: nil,
      preferred: nil, percent: nil, note: note,
      finished: fields["finished"].flatMap { Timestamp.parse($0)?.time }, record: bytes)
  }
}
