package import DSLBase

/// A work item, completed or failed item as its file has it: the members the engine uses, and the text itself, in which
/// everything else survives.
package struct WorkRecord: Sendable, Equatable {
  /// Its `id` member, else what its file name gives.
  package private(set) var id: String
  /// What its file name gives between prefix and `.json`: names its file, which the `id` member need not
  /// (`work_0.json` of the original has the id `work_0`).
  package let fileID: String
  /// The class of its status.
  package private(set) var status = WorkStatus.pending
  /// The status as written.
  package private(set) var statusText: String?
  /// Higher first; 50 when it says nothing.
  package private(set) var priority = WorkPriority.standard
  /// When it was made.
  package private(set) var created: Timestamp?
  /// How often it was tried, as far as the record knows.
  package private(set) var attempts = 0
  /// How often it may be tried; `nil` when the record leaves that to the queue.
  package private(set) var maxAttempts: Int?
  /// Not to be claimed before this time.
  package private(set) var notBefore: Timestamp?
  /// The file's bytes.
  package let bytes: [UInt8]

  private let assumedOffset: Int

  /// Reads a record.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - fallbackID: the id to use when the record has none (`RecordName.id`).
  ///   - assumedOffset: seconds east of UTC for times without a zone.
  /// - Throws: `invalidInput` naming the record when the text is not one JSON object with distinct names.
  package init(_ bytes: [UInt8], fallbackID: String, assumedOffset: Int = 0) throws(DSLError) {
    self.bytes = bytes
    self.assumedOffset = assumedOffset
    id = fallbackID
    fileID = fallbackID
    do throws(JSONError) {
      try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in try readMembers(buffer) }
    } catch {
      throw DSLError(
        .invalidInput, "record \(FileName.shown(fallbackID)) is not a JSON object", cause: error.description,
        fix: "correct the file or move it out of the directory")
    }
  }

  private mutating func readMembers(_ buffer: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    var createdRank = Int.max
    var text = RecordText()
    let shape = try text.forEachMember(buffer) { name, value in
      if let rank = TimeMember.created(name), rank < createdRank,
        let read = value.time(assumedOffset: assumedOffset)
      {
        createdRank = rank
        created = read.time
      } else if name.spells("id") {
        id = Self.identifier(value) ?? id
      } else if name.spells("status") {
        statusText = value.string
        status = statusText.map { WorkStatus($0) } ?? .pending
      } else if name.spells("priority") {
        priority = WorkPriority.read(value)
      } else if name.spells("attempts") {
        attempts = max(0, value.int ?? 0)
      } else if name.spells("max_attempts") {
        maxAttempts = value.int
      } else if name.spells("not_before") {
        notBefore = value.time(assumedOffset: assumedOffset)?.time
      }
    }
    guard shape == .object else { throw JSONError("expected an object", at: 0) }
  }

  /// The record with members set (or removed, by `nil`) and every other byte as it was.
  ///
  /// - Throws: never for a record that was read; `invalidInput` otherwise.
  package func applying(_ changes: [(key: String, value: JSONValue?)]) throws(DSLError) -> WorkRecord {
    let edited: [UInt8]
    do throws(JSONError) {
      edited = try JSONEdit.apply(changes, to: bytes)
    } catch {
      throw DSLError(.invalidInput, "record \(FileName.shown(id)) cannot be edited", cause: error.description)
    }
    return try WorkRecord(edited, fallbackID: fileID, assumedOffset: assumedOffset)
  }

  /// An id is a string that is not empty, or a number, whose literal it then is.
  static func identifier(_ value: RawValue) -> String? {
    if let text = value.string { return text.isEmpty ? nil : text }
    return value.int.map { String($0) }
  }
}
