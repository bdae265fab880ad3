import DSLBase

/// The little of a record that a snapshot needs; what the index keeps.
struct RecordFacts: Equatable, Sendable {
  /// Nanoseconds since the epoch at which the record says it was made or finished, or `noTime`.
  var time = Self.noTime
  /// The class of its status word.
  var status = WorkStatus.pending
  /// Whether `time` had no zone, so that it depends on the zone assumed.
  var zoneAssumed = false
  /// Telemetry: response time in milliseconds, NaN when it says nothing.
  var responseMs = Double.nan
  /// Telemetry: share of failures, 0…1, NaN when it says nothing.
  var errorRate = Double.nan

  static let noTime = Int64.min

  /// Equal bit by bit, NaN included.
  static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.time == rhs.time && lhs.status == rhs.status && lhs.zoneAssumed == rhs.zoneAssumed
      && lhs.responseMs.bitPattern == rhs.responseMs.bitPattern
      && lhs.errorRate.bitPattern == rhs.errorRate.bitPattern
  }
}

/// What became of reading a file named like a record.
enum FactsReading: Equatable {
  case record(RecordFacts)
  case lookalike
  case problem(String)
}

/// Reads facts from the text of work, completed, failed and telemetry records.
struct FactsReader {
  private let assumedOffset: Int
  private var text = RecordText()

  /// - Parameter assumedOffset: seconds east of UTC for times without a zone.
  init(assumedOffset: Int) { self.assumedOffset = assumedOffset }

  mutating func read(_ kind: RecordKind, _ bytes: UnsafeBufferPointer<UInt8>) -> FactsReading {
    var facts = RecordFacts()
    var shape = RecordShape()
    var timeRank = Int.max
    var metrics = TelemetryMetrics()
    do throws(JSONError) {
      let found = try text.forEachMember(bytes) { name, value in
        shape.note(name, value)
        if let rank = TimeMember.rank(kind, name), rank < timeRank,
          let read = value.time(assumedOffset: assumedOffset)
        {
          timeRank = rank
          facts.time = read.time.nanoseconds
          facts.zoneAssumed = read.source == .assumedZone
        } else if name.spells("status") {
          facts.status =
            value.plainString.map { WorkStatus($0) } ?? value.string.map { WorkStatus($0) } ?? .pending
        } else if kind == .telemetry {
          if name.spells("metrics") {
            value.forEachMember { metrics.note($0, $1) }
          } else {
            metrics.note(name, value)
          }
        }
      }
      guard found == .object, !shape.isCollection else { return .lookalike }
    } catch {
      return .problem(error.description)
    }
    facts.responseMs = metrics.responseMs
    facts.errorRate = metrics.errorRate
    return .record(facts)
  }
}

/// The members that tell a record's time, by kind; of several, the one of the lowest rank counts.
enum TimeMember {
  static func rank(_ kind: RecordKind, _ name: UnsafeBufferPointer<UInt8>) -> Int? {
    switch kind {
    case .work: created(name)
    case .completed, .failed: finished(name)
    case .telemetry: name.spells("timestamp") ? 0 : name.spells("time") ? 1 : created(name).map { $0 + 2 }
    case .agent: heartbeat(name)
    }
  }

  /// When something was made.
  static func created(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    if name.spells("created") { return 0 }
    if name.spells("created_at") { return 1 }
    if name.spells("timestamp") { return 2 }
    return nil
  }

  /// When an agent was last heard of.
  static func heartbeat(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    if name.spells("last_heartbeat") { return 0 }
    if name.spells("heartbeat") { return 1 }
    if name.spells("last_seen") { return 2 }
    if name.spells("last_activity") { return 3 }
    return nil
  }

  private static func finished(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    if name.spells("finished") { return 0 }
    if name.spells("finished_at") { return 1 }
    if name.spells("completed_at") { return 2 }
    if name.spells("failed_at") { return 3 }
    if name.spells("completed") { return 4 }
    if name.spells("timestamp") { return 5 }
    return nil
  }
}

/// What telemetry says of speed and success.
struct TelemetryMetrics {
  private(set) var responseMs = Double.nan
  private(set) var errorRate = Double.nan
  private var responseHasUnit = false
  private var errorIsDirect = false

  /// Takes a member that is a metric: `response_time_ms`, or `response_time` in milliseconds as well, which is what the
  /// original writes (800, 900, … beside the older `response_time_ms` of 1000); `error_rate`, or 1 − `success_rate`.
  /// Rates outside 0…1 and negative times say nothing. The more exact name wins, whatever the order.
  mutating func note(_ name: UnsafeBufferPointer<UInt8>, _ value: RawValue) {
    if name.spells("response_time_ms"), let time = value.double, time >= 0, time.isFinite {
      responseMs = time
      responseHasUnit = true
    } else if name.spells("response_time"), !responseHasUnit, let time = value.double, time >= 0,
      time.isFinite
    {
      responseMs = time
    } else if name.spells("error_rate"), let rate = value.double, (0...1).contains(rate) {
      errorRate = rate
      errorIsDirect = true
    } else if name.spells("success_rate"), !errorIsDirect, let rate = value.double, (0...1).contains(rate) {
      errorRate = 1 - rate
    }
  }
}

/// Tells a record from a collection of them by its members.
///
/// A collection has neither an id nor a status, and either a member with a collection's name that holds several things, or
/// nothing but objects, keyed by id.
struct RecordShape {
  private var members = 0
  private var objects = 0
  private var isSingle = false
  private var hasCollection = false

  mutating func note(_ name: UnsafeBufferPointer<UInt8>, _ value: RawValue) {
    members += 1
    if Self.isSingleName(name) { isSingle = true }
    guard !isSingle, value.isObject || value.isArray else { return }
    if value.isObject { objects += 1 }
    if Self.isCollectionName(name) { hasCollection = true }
  }

  var isCollection: Bool { !isSingle && (hasCollection || (members > 1 && objects == members)) }

  private static func isSingleName(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    name.spells("id") || name.spells("status") || name.spells("metrics") || name.spells("agent_id")
      || name.spells("work_id")
  }

  private static func isCollectionName(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    switch String(decoding: name, as: UTF8.self) {
    case "agents", "work", "work_items", "items", "claims", "queue", "work_queue", "feature_queue", "tasks",
      "records",
      "completed", "completed_work", "failed", "spans", "telemetry", "events", "teams":
      true
    default: false
    }
  }
}
