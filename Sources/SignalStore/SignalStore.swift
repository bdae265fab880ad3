package import Coordination
package import DSLBase
package import Telemetry

/// Telemetry of a coordination directory: `.dsl/signals.sqlite`.
///
/// A commit is one segment of packed blocks. It is in the write-ahead log when `append` returns and so outlives the
/// process; it may be lost with the power, as telemetry may be (`synchronous=NORMAL`). Any number of processes may read
/// while one writes, and several may write one after the other.
package final class SignalStore: Sendable {
  let store: StateDatabase

  /// Opens the store of a directory.
  ///
  /// Opened for reading, a store that does not exist reads as an empty one, and nothing is created.
  ///
  /// - Throws: `unsupported` when a newer program wrote it; `corrupt`, `io`, `locked`.
  package init(directory: CoordinationDirectory, access: StateAccess) throws(DSLError) {
    store = try StateDatabase(
      "telemetry store", path: directory.signals, directory: directory, access: access,
      migrations: SignalSchema.migrations, givesBack: true)
  }

  /// Where the store is.
  package var path: String { store.path }

  /// Stores blocks: all of them or, when it throws, none.
  ///
  /// - Parameters:
  ///   - now: counts as the time of arrival, by which retention goes.
  ///   - refused: records that were refused along with them; counted.
  package func append(_ blocks: [SignalBlock], refused: Int = 0, at now: Timestamp) throws(DSLError) {
    try append(blocks, refused: refused, sources: [], at: now)
  }

  func append(
    _ blocks: [SignalBlock], refused: Int, sources: [SourceState], at now: Timestamp
  ) throws(DSLError) {
    guard !blocks.isEmpty || refused > 0 || !sources.isEmpty else { return }
    let segments = OTLPSignal.allCases.compactMap { signal in
      Segment(joining: blocks.filter { $0.signal == signal }, received: now)
    }
    try store.write(.normal) { db in
      for segment in segments {
        try segment.insert(into: db)
        try db.add(segment.records, to: "received_\(segment.signal.rawValue)")
      }
      if refused > 0 { try db.add(refused, to: "refused") }
      for source in sources { try source.save(in: db) }
    }
  }

  /// What the store holds, in numbers.
  package struct Statistics: Sendable, Equatable {
    /// Of one kind of telemetry.
    package struct Kind: Sendable, Equatable {
      package var signal: OTLPSignal
      package var records = 0
      package var errors = 0
      package var segments = 0
      /// Packed.
      package var bytes = 0
      package var earliest: Timestamp?
      package var latest: Timestamp?
      /// Records that were ever stored.
      package var received = 0
    }

    package var kinds: [Kind]
    /// Records that were refused, and records that retention removed, ever.
    package var refused = 0
    package var expired = 0
    /// Of the file and its log.
    package var fileBytes: Int64 = 0
  }

  /// What the store holds, in numbers; all zeros when there is none.
  package func statistics() throws(DSLError) -> Statistics {
    var statistics = Statistics(kinds: OTLPSignal.allCases.map { Statistics.Kind(signal: $0) })
    statistics.fileBytes = StateDatabase.size(path) + StateDatabase.size(path + "-wal")
    let rows = try store.read { db in
      let rows = try db.rows(
        """
        SELECT signal, sum(records), sum(errors), count(*), sum(bytes), min(earliest), max(latest)
        FROM segments GROUP BY signal
        """
      ) { row in (0..<7).map { row.int($0) } }
      let totals = try db.rows("SELECT name, value FROM totals") { ($0.text(0), Int($0.int(1))) }
      return (rows, Dictionary(totals) { first, _ in first })
    }
    guard let (rows, totals) = rows else { return statistics }
    for row in rows {
      guard let place = statistics.kinds.firstIndex(where: { Int64($0.signal.number) == row[0] }) else {
        continue
      }
      statistics.kinds[place].records = Int(row[1])
      statistics.kinds[place].errors = Int(row[2])
      statistics.kinds[place].segments = Int(row[3])
      statistics.kinds[place].bytes = Int(row[4])
      statistics.kinds[place].earliest = Timestamp(nanoseconds: row[5])
      statistics.kinds[place].latest = Timestamp(nanoseconds: row[6])
    }
    for place in statistics.kinds.indices {
      statistics.kinds[place].received = totals["received_\(statistics.kinds[place].signal.rawValue)"] ?? 0
    }
    statistics.refused = totals["refused"] ?? 0
    statistics.expired = totals["expired"] ?? 0
    return statistics
  }
}
