package import DSLBase

/// What one walk over a coordination directory found.
package struct DirectorySnapshot: Sendable, Equatable {
  /// Whether the directory could be looked at.
  package enum State: Sendable, Equatable {
    /// It was read to the end.
    case readable
    /// There is no such directory.
    case missing
    /// The path leads to something else.
    case notADirectory
    /// The system refused; the reason as a phrase.
    case unreadable(String)
  }

  /// Live items by the class of their status.
  package struct WorkTotals: Sendable, Equatable {
    /// Waiting for an agent.
    package var pending = 0
    /// Held by an agent, as far as the records know.
    package var claimed = 0
    /// Finished but still standing as `work_*.json`.
    package var done = 0
    /// Given up but still standing as `work_*.json`.
    package var failed = 0
    /// With a status this engine does not know.
    package var other = 0
  }

  /// When the scan began, by the caller's clock; what all ages refer to.
  package var at: Timestamp
  /// Whether the directory could be looked at. All else is empty unless it is `readable`.
  package var state = State.readable
  /// Whether there is anything to show that somebody works here: `dsl.yaml`, `.dsl/journal.sqlite`, a record, or a file
  /// that only failed to be one.
  package var initialised = false
  /// Agents, work, completed, telemetry: in this order.
  package var sources: [SourceEvidence] = []
  /// The agents by id, at most `RecordLimits.agents`.
  package var agents: [AgentRecord] = []
  /// Agents' records read, those beyond the limit included.
  package var agentCount = 0
  /// Items still to be done: pending, claimed or of unknown status.
  package var liveWork = 0
  /// All `work_*.json` by status.
  package var workByStatus = WorkTotals()
  /// When the oldest pending item was made.
  package var oldestPendingCreated: Timestamp?
  /// Pending items older than `RecordLimits.workAgeLimitSeconds`.
  package var overdueWork = 0
  /// `completed_*.json`.
  package var completedCount = 0
  /// `failed_*.json`.
  package var failedCount = 0
  /// Items completed within `RecordLimits.throughputWindowSeconds` before `at`, by their own times.
  package var completedWithinWindow = 0
  /// `telemetry_*.json`.
  package var telemetryVolume = 0
  /// Those of them not older than `RecordLimits.telemetrySeconds`.
  package var telemetryFresh = 0
  /// Mean over fresh telemetry, milliseconds; `nil` when none says.
  package var meanResponseMs: Double?
  /// Mean share of failures over fresh telemetry, 0…1; `nil` when none says.
  package var errorRate: Double?
  /// Files named like records that cannot be read, in order of name, at most `RecordLimits.listedProblems`.
  package var problems: [RecordProblem] = []
  /// How many there are.
  package var problemCount = 0
  /// Files that only look like records.
  package var lookalikes = 0
  /// Whether what is known of unchanged files came from the index.
  package var usedIndex = false
  /// Files whose content was read.
  package var filesRead = 0
  /// What a reader should know about the index, a sentence each.
  package var indexNotes: [String] = []

  /// An empty snapshot.
  package init(at: Timestamp) { self.at = at }

  /// The same but for how it was come by: index or files.
  package func sameContent(as other: DirectorySnapshot) -> Bool {
    var (one, two) = (self, other)
    (one.filesRead, two.filesRead) = (0, 0)
    (one.usedIndex, two.usedIndex) = (false, false)
    (one.indexNotes, two.indexNotes) = ([], [])
    return one == two
  }
}
