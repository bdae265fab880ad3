package import DSLBase

/// What a diagnosis is made from: a coordination directory and its surroundings as they were at one moment.
package struct DoctorFacts: Sendable {
  /// Room on the file system that holds the directory.
  package struct Space: Sendable, Equatable {
    package var freeBytes: Int64
    package var totalBytes: Int64
    package var freeInodes: Int64
    package var totalInodes: Int64

    package init(freeBytes: Int64, totalBytes: Int64, freeInodes: Int64, totalInodes: Int64) {
      self.freeBytes = freeBytes
      self.totalBytes = totalBytes
      self.freeInodes = freeInodes
      self.totalInodes = totalInodes
    }
  }

  /// What the journal says.
  package struct JournalFacts: Sendable {
    package var findings: [JournalFinding] = []
    /// Decisions without an outcome.
    package var unfinished: [String] = []
    /// The decision whose undo was begun and not ended.
    package var undoing: String?
    /// Agents that were started by a decision and have no record.
    package var startedWithoutRecord: [String] = []
    package var store: StoreInfo?

    package init() {}
  }

  /// What the queue says.
  package struct QueueFacts: Sendable, Equatable {
    /// Claims whose lease ran out.
    package var expired = 0
    /// Claims of agents that have no record, or that are down: item by agent.
    package var orphaned: [String] = []
    /// Finished items whose files are not written yet.
    package var unprojected = 0

    package init() {}
  }

  package var path: String
  package var snapshot: DirectorySnapshot
  /// Temps that a dead process left, as paths.
  package var temps: [String] = []
  /// Trees of restores whose process is gone, beside the directory, as paths.
  package var stagedRestores: [String] = []
  /// Trees that a restore left between two names when it was killed in the middle of its two renames.
  package var halfRestores: [String] = []
  /// Lock files of other programs that nobody touched for long.
  package var oldLocks: [String] = []
  /// Ids that stand in more than one place.
  package var duplicates: [String] = []
  /// Files whose time lies in the future.
  package var futureFiles: [String] = []
  package var space: Space?
  /// Whether this user may write the directory, and the engine's state in it.
  package var isWritable = (directory: true, state: true)
  /// Bytes of the span file that is being written.
  package var spanBytes: Int64 = 0
  /// Whether an engine acts right now; what is half done then is under way.
  package var engineActs: Bool?
  package var journal: JournalFacts?
  package var queue: QueueFacts?
  /// What could not be opened, as errors tell it.
  package var failures: [DSLError] = []
  /// What is wrong with configuration and policy.
  package var configuration: [DSLError] = []

  package init(path: String, snapshot: DirectorySnapshot) {
    self.path = path
    self.snapshot = snapshot
  }
}
