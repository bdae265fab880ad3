import Coordination
import DSLBase
import GRDB
import Telemetry

/// A row of `segments`: blocks of one kind of telemetry, one behind the other.
struct Segment {
  let signal: OTLPSignal
  var earliest = Int64.max
  var latest = Int64.min
  var received: Int64
  var records = 0
  var errors = 0
  var traces: [UInt8]?
  var index: [UInt8] = []
  var details: [UInt8] = []

  var bytes: Int { index.count + details.count + (traces?.count ?? 0) }

  /// Joins blocks of one kind; `nil` when there is none.
  init?(joining blocks: [SignalBlock], received: Timestamp) {
    guard let first = blocks.first else { return nil }
    signal = first.signal
    self.received = received.nanoseconds
    if blocks.count == 1 {
      (index, details) = (first.index, first.details)
    } else {
      index.reserveCapacity(blocks.reduce(0) { $0 + $1.index.count })
      details.reserveCapacity(blocks.reduce(0) { $0 + $1.details.count })
    }
    for block in blocks {
      earliest = min(earliest, block.earliest)
      latest = max(latest, block.latest)
      records += block.records
      errors += block.errors
      if blocks.count > 1 {
        index += block.index
        details += block.details
      }
    }
    filterTraces()
  }

  /// Joins stored segments of one kind.
  init(joining segments: [Segment], of signal: OTLPSignal) {
    self.signal = signal
    received = .min
    for segment in segments {
      earliest = min(earliest, segment.earliest)
      latest = max(latest, segment.latest)
      received = max(received, segment.received)
      records += segment.records
      errors += segment.errors
      index += segment.index
      details += segment.details
    }
    filterTraces()
  }

  /// Reads a row of `columns`.
  init?(_ row: SQLColumns) {
    guard let signal = OTLPSignal(number: UInt32(truncatingIfNeeded: row.int(1))) else { return nil }
    self.signal = signal
    (earliest, latest, received) = (row.int(2), row.int(3), row.int(4))
    (records, errors) = (Int(row.int(5)), Int(row.int(6)))
    index = row.blob(7)
    details = row.blob(8)
  }

  static let columns = "id, signal, earliest, latest, received, records, errors, idx, details"

  /// Logs are looked for by trace as well; data points have none.
  private mutating func filterTraces() {
    guard signal != .metrics else { return }
    var filter = TraceFilter(traces: records)
    index.withUnsafeBytes { index in
      details.withUnsafeBytes { details in
        _ = BlockView.forEach(index: index, details: details) { view in
          for number in 0..<view.count {
            let record = view.record(number)
            if record.traceHigh | record.traceLow != 0 { filter.insert(record.traceHigh, record.traceLow) }
          }
        }
      }
    }
    traces = filter.bytes
  }

  func insert(into db: Database) throws {
    try db.run(
      """
      INSERT INTO segments (signal, earliest, latest, received, records, errors, bytes, traces, idx, details)
      VALUES (?,?,?,?,?,?,?,?,?,?)
      """, Int(signal.number), earliest, latest, received, records, errors, bytes, traces, index, details)
  }
}

extension Database {
  /// Adds to a total.
  func add(_ count: Int, to name: String) throws {
    try run(
      "INSERT INTO totals (name, value) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
      name, count)
  }
}
