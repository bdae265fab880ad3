/// The limits within which records are read and judged.
package struct RecordLimits: Sendable, Equatable {
  /// Files larger than this are problems, not records; nothing of them is read. Bytes.
  package var recordBytes = 1 << 20
  /// Age at which an agent's heartbeat is stale, for agents whose record names no limit. Seconds.
  package var heartbeatSeconds = 60.0
  /// Age at which telemetry is stale and its metrics no longer count. Seconds.
  package var telemetrySeconds = 3600.0
  /// Age at which the newest work or completed record makes its source stale; `nil`, the default, for never: a queue is
  /// what it is, however long nothing was added. Seconds.
  package var workSeconds: Double?
  /// Age at which a pending item is overdue. Seconds.
  package var workAgeLimitSeconds = 7200.0
  /// The window in which completions are counted for throughput. Seconds.
  package var throughputWindowSeconds = 300.0
  /// Problems listed one by one; more are only counted.
  package var listedProblems = 100
  /// Agents taken into a snapshot; more are only counted.
  package var agents = 10_000
  /// Records above which the index is used.
  package var indexAbove = 500

  /// The defaults.
  package init() {}
}

/// What a scan may do with the index.
package enum IndexUse: Sendable, Equatable {
  /// Neither read nor write it.
  case none
  /// Read it if it is there; write nothing.
  case readOnly
  /// Read it and bring it up to date, creating `.dsl` if need be.
  case readWrite
}
