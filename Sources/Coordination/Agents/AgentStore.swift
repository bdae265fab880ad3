package import DSLBase

/// Reads and changes agents' records, one writer at a time.
///
/// An agent, the engine and an operator may all change the same record. Each change is read, edited and committed under
/// one lock (`.dsl/agents.lock`, which dies with its holder), so that none overwrites another's; a holder that is stopped
/// is waited for only so long; readers need no lock,
/// because a commit replaces the file in one step.
package struct AgentStore: Sendable {
  /// A record and the file's bytes it was read from.
  package struct Entry: Sendable, Equatable {
    /// The record as understood.
    package var record: AgentRecord
    /// The file's content, with members that `record` does not know.
    package var bytes: [UInt8]

    /// A member that `record` does not know.
    package subscript(member: String) -> JSONValue? { (try? JSONParser.parse(bytes))?[member] }
  }

  /// One record may not be larger than this, bytes.
  package static let sizeLimit = 1 << 20
  private let directory: CoordinationDirectory
  private let fence: Fence?
  private let patience: Double

  /// - Parameters:
  ///   - fence: of the leader whose changes these are; `nil` for an agent's own, and for people's.
  ///   - patience: how long to wait for another's change, which takes milliseconds; seconds.
  package init(_ directory: CoordinationDirectory, fence: Fence? = nil, patience: Double = 10) {
    self.directory = directory
    self.fence = fence
    self.patience = patience
  }

  private var lockFile: String { directory.state + "/agents.lock" }

  /// The record of an agent, or `nil` when it has none.
  ///
  /// - Throws: `invalidInput` when the id cannot be a file name or the file is no agent's record; `io`.
  package func read(_ id: String) throws(DSLError) -> Entry? {
    guard let file = try existingFile(id) else { return nil }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try directory.files.read(file, limit: Self.sizeLimit) } catch {
      throw error.asDSLError
    }
    return Entry(record: try AgentRecord(bytes, fallbackID: id), bytes: bytes)
  }

  /// Makes a record for an agent that has none.
  ///
  /// - Parameter members: members beside those that `AgentRecord` knows.
  /// - Returns: whether it was made; `false` when there is one already, which is left as it is.
  /// - Throws: `invalidInput` for an id that cannot be a file name; `locked`; `superseded`; `io`.
  package func create(_ record: AgentRecord, _ members: [(key: String, value: JSONValue?)] = [])
    throws(DSLError)
    -> Bool
  {
    let file = try file(record.id)
    return try locked { () throws(DSLError) in
      guard try read(record.id) == nil else { return false }
      try commit(file, try edited(try record.encoded(), members))
      return true
    }
  }

  /// Changes a record.
  ///
  /// - Parameters:
  ///   - id: the agent.
  ///   - change: gets the record as it is now and the members beside it that shall be set (`nil` removes one). What it
  ///     throws leaves the record as it was.
  /// - Returns: the record as committed.
  /// - Throws: `notFound` when there is none; what `change` throws; `locked`; `superseded`; `io`.
  @discardableResult
  package func update(
    _ id: String,
    _ change: (Entry, inout AgentRecord, inout [(key: String, value: JSONValue?)]) throws(DSLError) -> Void
  ) throws(DSLError) -> Entry {
    return try locked { () throws(DSLError) in
      guard let file = try existingFile(id), let present = try read(id) else {
        throw DSLError(
          .notFound, "there is no agent \(id) in \(directory.path)", fix: "list agents: dsl agent list")
      }
      var record = present.record
      var members: [(key: String, value: JSONValue?)] = []
      try change(present, &record, &members)
      let bytes = try edited(try record.encoded(over: present.bytes), members)
      if bytes != present.bytes { try commit(file, bytes) }
      return Entry(record: record, bytes: bytes)
    }
  }

  private func file(_ id: String) throws(DSLError) -> String {
    guard CoordinationDirectory.isSafe(id: id) else {
      throw DSLError(
        .invalidInput, "\"\(id)\" cannot be an agent's id",
        fix: "use 1 to 200 printable ASCII characters without / and \\, not beginning with a dot")
    }
    return directory.record(.agent, id)
  }

  /// The file that holds an agent's record, if there is one. Ours are named by the id; the original writes the agent
  /// `agent_0` to `agent_0.json`.
  private func existingFile(_ id: String) throws(DSLError) -> String? {
    var candidates = [try file(id)]
    if id.hasPrefix(RecordKind.agent.prefix) { candidates.append("\(directory.path)/\(id).json") }
    do throws(FileError) {
      for candidate in candidates where try directory.files.status(candidate) != nil { return candidate }
      return nil
    } catch {
      throw error.asDSLError
    }
  }

  private func edited(
    _ bytes: [UInt8], _ members: [(key: String, value: JSONValue?)]
  ) throws(DSLError) -> [UInt8] {
    do throws(JSONError) { return try JSONEdit.apply(members, to: bytes) } catch {
      throw DSLError(.internalError, "an agent's record could not be edited", cause: error.description)
    }
  }

  private func commit(_ file: String, _ bytes: [UInt8]) throws(DSLError) {
    try AtomicFile.commit(directory.files, file, bytes, exclusive: false)
  }

  private func locked<Result>(_ body: () throws(DSLError) -> Result) throws(DSLError) -> Result {
    let lock: (any FileLock)?
    do throws(FileError) {
      try AtomicFile.makeDirectory(directory.files, directory.state)
      lock = try directory.files.lock(lockFile, exclusive: true, within: patience)
    } catch {
      throw error.asDSLError
    }
    guard let lock else { throw .held(lockFile, "agents' records", seconds: patience) }
    defer { lock.unlock() }
    guard let fence else { return try body() }
    return try fence.protect(body)
  }
}
