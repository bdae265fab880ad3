package import DSLBase
package import Telemetry

/// What spans say of one service in one stretch of time.
package struct SpanWindow: Sendable, Equatable {
  package var service: String
  package var start: Timestamp
  /// Seconds.
  package var length: Double
  /// Spans that ended in it, and how many of them with an error.
  package var spans: Int
  package var errors: Int
  /// Durations of these spans: nearest ranks, exact up to `SpanDurations.exactLimit` spans, above that of a sample of as many.
  package var durations: SpanDurations
  /// The services of the spans that are parents of these, others than this one, in order.
  package var callers: [String]
}

/// The durations of a window's spans, in order; a sample of them when there are very many.
package struct SpanDurations: Sendable, Equatable {
  /// Durations of a window that are kept.
  package static let exactLimit = 4096

  private var kept: [Int64] = []
  private var seen: UInt64 = 0

  package init() {}

  /// Adds a duration, nanoseconds. Algorithm R (Vitter 1985) with numbers that follow from the count, so that the same spans
  /// give the same sample.
  mutating func add(_ nanoseconds: Int64) {
    seen += 1
    guard kept.count == Self.exactLimit else { return kept.append(max(0, nanoseconds)) }
    var z = seen &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    let place = (z ^ (z >> 31)).multipliedFullWidth(by: seen).high
    if place < UInt64(Self.exactLimit) { kept[Int(place)] = max(0, nanoseconds) }
  }

  mutating func sort() { kept.sort() }

  /// The duration that a share of the spans does not exceed, in seconds; `nil` when there is no span.
  package func quantile(_ share: Double) -> Double? {
    guard !kept.isEmpty else { return nil }
    let rank = Int((share * Double(kept.count)).rounded(.up))
    return Double(kept[min(max(rank, 1), kept.count) - 1]) / 1e9
  }
}

extension SignalStore {
  /// Windows that are made at once: what bounds memory.
  package static let windowLimit = 100_000

  /// What spans say of each service in each stretch of time in which one of its spans ended.
  ///
  /// Stretches begin at `since` and are `length` long; one in which no span of a service ended is not there for it. The last
  /// one is there only when it is over.
  ///
  /// - Parameters:
  ///   - length: seconds.
  ///   - unread: blocks that are not in the store yet.
  /// - Returns: by time, then by service.
  /// - Throws: `invalidInput` for a length that is no positive number, or so many stretches that `windowLimit` is exceeded.
  /// - Complexity: O(spans whose segments overlap the range).
  package func windows(
    since: Timestamp, until: Timestamp, length: Double, unread: [SignalBlock] = []
  ) throws(DSLError) -> [SpanWindow] {
    guard length.isFinite, length >= 0.001, length < 1e9 else {
      throw DSLError(.invalidInput, "a window of \(length) seconds: expected 0.001 or more")
    }
    let step = Int64(length * 1e9)
    let (range, overflow) = until.nanoseconds.subtractingReportingOverflow(since.nanoseconds)
    guard !overflow, range >= step else { return [] }
    guard range / step <= Self.windowLimit else {
      throw DSLError(
        .invalidInput, "\(range / step) windows are more than \(Self.windowLimit)",
        fix: "ask for a shorter time or longer windows")
    }
    var collection = WindowCollection(since: since.nanoseconds, step: step, count: range / step)
    try forEachBlock(.traces, since: since, until: until, unread: unread) { collection.add($0) }
    return collection.windows(length: length)
  }
}

/// Windows while their spans are being counted.
private struct WindowCollection {
  private struct Key: Hashable {
    var window: Int64
    var service: Int
  }

  private let since: Int64
  private let step: Int64
  private let count: Int64
  private var names: [String: Int] = [:]
  private var windows: [Key: SpanWindow] = [:]
  /// Which service a span belongs to, by its id; and the spans whose parent may be elsewhere.
  private var owners: [UInt64: Int] = [:]
  private var children: [(parent: UInt64, key: Key)] = []

  init(since: Int64, step: Int64, count: Int64) {
    (self.since, self.step, self.count) = (since, step, count)
  }

  mutating func add(_ view: BlockView) {
    var services: [UInt32: Int] = [:]
    for number in 0..<view.count {
      let record = view.record(number)
      let service: Int
      if let known = services[record.service] {
        service = known
      } else {
        service = names[view.text(record.service), default: names.count]
        names[view.text(record.service)] = service
        services[record.service] = service
      }
      owners[record.spanID] = service
      let (offset, overflow) = record.end.subtractingReportingOverflow(since)
      guard !overflow, offset >= 0, offset / step < count else { continue }
      let key = Key(window: offset / step, service: service)
      add(record, key, view)
    }
  }

  private mutating func add(_ record: PackedRecord, _ key: Key, _ view: BlockView) {
    var window =
      windows.removeValue(forKey: key)
      ?? SpanWindow(
        service: view.text(record.service), start: Timestamp(nanoseconds: since + key.window * step),
        length: 0, spans: 0, errors: 0, durations: SpanDurations(), callers: [])
    window.spans += 1
    if record.status == 2 { window.errors += 1 }
    window.durations.add(record.end &- record.time)
    windows[key] = window
    if record.parent != 0 { children.append((record.parent, key)) }
  }

  func windows(length: Double) -> [SpanWindow] {
    var services = [String](repeating: "", count: names.count)
    for (name, number) in names { services[number] = name }
    var callers: [Key: Set<Int>] = [:]
    for child in children {
      guard let owner = owners[child.parent], owner != child.key.service else { continue }
      callers[child.key, default: []].insert(owner)
    }
    return windows.map { key, window in
      var window = window
      window.length = length
      window.durations.sort()
      window.callers = (callers[key] ?? []).map { services[$0] }.sorted()
      return window
    }.sorted { ($0.start, $0.service) < ($1.start, $1.service) }
  }
}
