package import DSLBase

/// The kinds of records that stand in a coordination directory, one JSON object a file.
package enum RecordKind: String, Sendable, Hashable, CaseIterable {
  /// `agent_<id>.json`: a worker, its status and its heartbeat.
  case agent
  /// `work_<id>.json`: an item that is not finished.
  case work
  /// `completed_<id>.json`: what became of a finished item, with the item's own record under `work`.
  case completed
  /// `failed_<id>.json`: an item given up after its last attempt, with its error; can be requeued.
  case failed
  /// `telemetry_<id>.json`: a measurement.
  case telemetry

  /// What file names of this kind begin with.
  package var prefix: String { rawValue + "_" }
}

/// Where everything is in a coordination directory.
///
/// Records stand in the directory itself, for people and other programs. What the engine needs for itself is below
/// `.dsl/`; removing that loses history, leases and undo, but no record (quarantined items excepted).
package struct CoordinationDirectory: Sendable {
  /// The directory, as the user named it.
  package let path: String
  /// All file work in it goes through here.
  package let files: any FileSystem

  package init(path: String, files: any FileSystem) {
    self.path = path
    self.files = files
  }

  /// The file of a record. `id` must be a safe one (`isSafe`).
  package func record(_ kind: RecordKind, _ id: String) -> String { "\(path)/\(kind.prefix)\(id).json" }

  /// The user's configuration.
  package var configuration: String { path + "/dsl.yaml" }
  /// The engine's own state.
  package var state: String { path + "/.dsl" }
  /// Decisions, intents, outcomes: SQLite.
  package var journal: String { state + "/journal.sqlite" }
  /// Claims, leases, retries and results on their way to files: SQLite.
  package var queue: String { state + "/queue.sqlite" }
  /// What is known of unchanged files: SQLite, a cache that may be deleted at any time.
  package var index: String { state + "/index.sqlite" }
  /// Telemetry that was received or read from files: SQLite.
  package var signals: String { state + "/signals.sqlite" }
  /// Finished spans, one OTLP trace a line.
  package var spans: String { state + "/telemetry/spans.jsonl" }
  /// The simulated cluster of the backend `sim`, as its last step left it.
  package var cluster: String { state + "/sim/cluster.json" }
  /// Records of the cluster's failures.
  package var blackBoxes: String { state + "/sim/black-boxes" }
  /// Items taken out of the queue by a decision, one file each, named as they were.
  package var quarantine: String { state + "/quarantine" }
  /// What started agents print.
  package var logs: String { state + "/logs" }
  /// Held by the engine that leads, from its start to its end.
  package var engineLock: String { state + "/engine.lock" }
  /// Shared by a leader around each commit, held alone by the next one while its term begins.
  package var fenceLock: String { state + "/fence.lock" }

  /// Whether an id can be part of a file name: 1 to 200 bytes of printable ASCII without `/`, `\` or a leading dot.
  ///
  /// Ids found in foreign file names may be anything; ids that we create or are asked to create are checked by this.
  package static func isSafe(id: String) -> Bool {
    (1...200).contains(id.utf8.count) && !id.hasPrefix(".")
      && id.utf8.allSatisfy {
        (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\")
      }
  }
}
