package import Coordination
package import DSLBase
package import DecisionEngine

/// The security events of a directory: `.dsl/telemetry/security.json`, bounded in number and age.
package struct SecurityEventStore: Sendable {
  /// Events that are kept, the latest.
  package static let limit = 1000
  private static let sizeLimit = 16 << 20

  private let directory: CoordinationDirectory
  private let settings: SecuritySettings

  package init(_ directory: CoordinationDirectory, _ settings: SecuritySettings) {
    self.directory = directory
    self.settings = settings
  }

  private var folder: String { directory.state + "/telemetry" }
  private var path: String { folder + "/security.json" }

  /// The events that are not too old, oldest first.
  ///
  /// - Throws: `corrupt`, `io`.
  package func events(at now: Timestamp) throws(DSLError) -> [SecurityEvent] {
    do throws(FileError) {
      guard try directory.files.status(path) != nil else { return [] }
    } catch {
      throw error.asDSLError
    }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try directory.files.read(path, limit: Self.sizeLimit) } catch {
      throw error.asDSLError
    }
    guard let json = try? JSONParser.parse(bytes), let all = json["events"]?.array else {
      throw DSLError(.corrupt, "\(path) cannot be read", fix: "remove it: events are found anew")
    }
    let events = try all.map { (value) throws(DSLError) in try SecurityEvent(json: value) }
    return events.filter { now.seconds(since: $0.at) <= settings.retentionHours * 3600 }
  }

  /// How long another process may write events before it is not waited for any more, in seconds.
  private static let patience = 10.0

  /// Adds events; what is too old or too much goes.
  ///
  /// - Throws: `corrupt`, `io`.
  package func add(_ events: [SecurityEvent], at now: Timestamp) throws {
    try AtomicFile.makeDirectory(directory.files, directory.state)
    try AtomicFile.makeDirectory(directory.files, folder)
    let lockFile = folder + "/security.lock"
    guard let lock = try directory.files.lock(lockFile, exclusive: true, within: Self.patience) else {
      throw DSLError.held(lockFile, "security events", seconds: Self.patience)
    }
    defer { lock.unlock() }
    let all = try self.events(at: now) + events
    let kept = all.sorted { $0.at < $1.at }.suffix(Self.limit)
    let json: JSONValue = ["events": .array(kept.map(\.json))]
    try AtomicFile.commit(directory.files, path, Array((json.text() + "\n").utf8))
  }
}
