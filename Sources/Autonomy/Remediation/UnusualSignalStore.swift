package import AnomalyDetection
package import Coordination
import DSLBase

/// What is known of how signals usually are (`.dsl/telemetry/rarity.state`), and which were like none before
/// (`.dsl/telemetry/unusual.json`, the latest).
package struct UnusualSignalStore: Sendable {
  /// Signals that are listed.
  private static let kept = 200
  private static let sizeLimit = 64 << 20

  private let directory: CoordinationDirectory

  package init(_ directory: CoordinationDirectory) { self.directory = directory }

  private var state: String { directory.state + "/telemetry/rarity.state" }
  private var list: String { directory.state + "/telemetry/unusual.json" }

  /// What was learned; what cannot be read is learned anew, because it is derived.
  ///
  /// - Throws: `io`.
  func watch() throws -> RarityWatch {
    guard let bytes = try read(state) else { return RarityWatch() }
    return (try? RarityWatch(bytes: bytes)) ?? RarityWatch()
  }

  /// Keeps what was learned, and adds what was found to the list. What is listed already is not listed twice.
  ///
  /// - Throws: `io`.
  func keep(_ watch: RarityWatch, _ found: [UnusualSignal]) throws {
    if !found.isEmpty {
      var listed = try latest()
      listed += found.filter { signal in
        !listed.contains { ($0.at, $0.service, $0.measure) == (signal.at, signal.service, signal.measure) }
      }
      listed.sort { ($0.at, $0.service, $0.measure) < ($1.at, $1.service, $1.measure) }
      let json = JSONValue.array(listed.suffix(Self.kept).map(\.json))
      try AtomicFile.commit(directory.files, list, Array((json.text() + "\n").utf8))
    }
    try AtomicFile.commit(directory.files, state, watch.bytes)
  }

  /// The latest signals that were like none before, the oldest first; what cannot be read is left out.
  ///
  /// - Throws: `io`.
  package func latest() throws -> [UnusualSignal] {
    guard let bytes = try read(list), let json = try? JSONParser.parse(bytes) else { return [] }
    return (json.array ?? []).compactMap { UnusualSignal(json: $0) }
  }

  private func read(_ path: String) throws -> [UInt8]? {
    guard let status = try directory.files.status(path), status.size <= Self.sizeLimit else { return nil }
    return try directory.files.read(path, limit: Self.sizeLimit)
  }
}
