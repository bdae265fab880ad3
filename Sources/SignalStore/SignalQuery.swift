package import DSLBase
package import Telemetry

/// Which records are wanted. What is `nil` does not matter.
package struct SignalQuery: Sendable {
  package var signal: OTLPSignal
  /// `service.name`, exactly.
  package var service: String?
  /// The name of a span, metric or event; a `*` at its end stands for anything.
  package var name: String?
  /// Of the records' own times: from, and before.
  package var since: Timestamp?
  package var until: Timestamp?
  /// Spans of a status (0 unset, 1 ok, 2 error); of log records 2 means those from severity 17 on.
  package var status: Int?
  /// The least duration of a span, nanoseconds.
  package var minimumNanoseconds: Int64?
  /// Attributes of the record or its resource that must have these values, as text.
  package var attributes: [(key: String, value: String)] = []
  package var trace: TraceID?
  /// The most records: the newest ones.
  package var limit = 100

  package init(_ signal: OTLPSignal) { self.signal = signal }
}

/// Compares the packed records of a block with a query.
struct BlockMatch {
  private let query: SignalQuery
  private let view: BlockView
  private let service: [UInt8]?
  private let name: (text: [UInt8], isPrefix: Bool)?
  /// What is known of the block's texts: 0 unknown, 1 no, 2 yes.
  private var services: [UInt8]
  private var names: [UInt8]

  init(_ query: SignalQuery, _ view: BlockView) {
    self.query = query
    self.view = view
    service = query.service.map { Array($0.utf8) }
    name = query.name.map { text in
      text.hasSuffix("*") ? (Array(text.dropLast().utf8), true) : (Array(text.utf8), false)
    }
    services = service == nil ? [] : [UInt8](repeating: 0, count: view.textCount)
    names = name == nil ? [] : services.isEmpty ? [UInt8](repeating: 0, count: view.textCount) : services
  }

  /// Whether the packed part of a record is as the query wants it.
  mutating func matches(_ record: PackedRecord) -> Bool {
    if let since = query.since, record.time < since.nanoseconds { return false }
    if let until = query.until, record.time >= until.nanoseconds { return false }
    if let trace = query.trace, record.traceHigh != trace.high || record.traceLow != trace.low {
      return false
    }
    if let status = query.status, !has(record, status) { return false }
    if let minimum = query.minimumNanoseconds, record.end &- record.time < minimum { return false }
    if let service {
      guard known(&services, record.service, { view.text($0, is: service) }) else { return false }
    }
    if let name {
      let isWanted = known(&names, record.name) {
        name.isPrefix ? view.text($0).utf8.starts(with: name.text) : view.text($0, is: name.text)
      }
      guard isWanted else { return false }
    }
    return true
  }

  private func has(_ record: PackedRecord, _ status: Int) -> Bool {
    switch view.signal {
    case .traces: Int(record.status) == status
    case .logs: (record.kind >= 17) == (status == 2)
    case .metrics: false
    }
  }

  private func known(_ table: inout [UInt8], _ number: UInt32, _ find: (UInt32) -> Bool) -> Bool {
    guard number < UInt32(table.count) else { return false }
    if table[Int(number)] == 0 { table[Int(number)] = find(number) ? 2 : 1 }
    return table[Int(number)] == 2
  }

  /// Whether the attributes of a whole record are as the query wants them.
  func matches(_ record: SignalRecord) -> Bool {
    query.attributes.allSatisfy { wanted in
      let found = record.attributes[wanted.key] ?? record.origin.resource[wanted.key]
      return found.map { ($0.string ?? $0.text()) == wanted.value } ?? false
    }
  }
}

/// The newest records that were found so far.
struct NewestRecords {
  private let limit: Int
  private var found: [SignalRecord] = []
  /// Records before this time need not be looked at.
  private(set) var threshold = Int64.min

  init(limit: Int) { self.limit = limit }

  /// Adds what of a block is wanted.
  mutating func add(_ view: BlockView, _ query: SignalQuery) {
    guard limit > 0 else { return }
    var match = BlockMatch(query, view)
    var candidates: [(time: Int64, number: Int)] = []
    for number in 0..<view.count {
      let record = view.record(number)
      if record.time >= threshold, match.matches(record) { candidates.append((record.time, number)) }
    }
    candidates.sort { $0.time > $1.time }
    var added = 0
    for candidate in candidates {
      guard added < limit else { break }
      guard let record = view.signal(candidate.number), match.matches(record) else { continue }
      found.append(record)
      added += 1
    }
    if added > 0, found.count > limit { settle() }
  }

  private mutating func settle() {
    found.sort { $0.time > $1.time }
    found.removeLast(found.count - limit)
    if let last = found.last { threshold = last.time.nanoseconds }
  }

  /// The newest first.
  var records: [SignalRecord] { Array(found.sorted { $0.time > $1.time }.prefix(limit)) }
}
