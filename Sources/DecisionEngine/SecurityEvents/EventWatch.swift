package import DSLBase

/// Counts what rules find, by rule and source in a sliding window, and raises events. Pure; its state outlives processes.
///
/// One event is raised for a rule and source when a step is reached; the same step again only after the window, so that an
/// attack that goes on is one event and not thousands. Sources are many and their names come from outside, so that the
/// counts are bounded: beyond `sourceLimit` those that were quiet for longest are forgotten.
package struct EventWatch: Sendable, Equatable {
  /// One source's count for one rule.
  struct Count: Sendable, Equatable {
    /// What was added when, the oldest first; those close together share an entry.
    var hits: [Hit] = []
    /// The level that was raised last, and when.
    var raised: SecurityEventLevel?
    var raisedAt: Timestamp?
  }

  struct Hit: Sendable, Equatable {
    var at: Timestamp
    var amount: Double
  }

  /// Counts that are kept at once.
  package static let sourceLimit = 4096
  /// Parts of a window that are told apart.
  private static let parts = 60.0

  package let rules: [EventRule]
  var counts: [String: Count] = [:]
  /// Sources that were forgotten although their window was not over.
  package internal(set) var forgotten = 0

  package init(rules: [EventRule] = EventRule.standard) { self.rules = rules }

  /// Looks at one signal.
  ///
  /// - Returns: the events that it completes, in the order of the rules.
  package mutating func take(_ signal: SecuritySignal) -> [SecurityEvent] {
    var events: [SecurityEvent] = []
    for rule in rules {
      guard let (amount, said) = rule.amount(signal) else { continue }
      let key = "\(rule.name)\u{1F}\(signal.source ?? signal.user ?? "service " + signal.service)"
      if counts[key] == nil, counts.count >= Self.sourceLimit { forgetQuietest(at: signal.at) }
      var count = counts[key] ?? Count()
      defer { counts[key] = count }
      let total = Self.add(amount, to: &count, rule, at: signal.at)
      guard let level = rule.level(total), Self.isNew(level, count, rule, at: signal.at) else { continue }
      (count.raised, count.raisedAt) = (level, signal.at)
      var event = SecurityEvent(rule.type, level, signal, rule: rule.name)
      event.count = total
      let shown = said.isEmpty ? "" : ": " + said
      event.evidence = Redaction.text("\(rule.meaning)\(shown)")
      events.append(event)
    }
    return events
  }

  /// Adds to a count and lets go of what is out of the window. Signals may come a little out of order.
  private static func add(
    _ amount: Double, to count: inout Count, _ rule: EventRule, at now: Timestamp
  ) -> Double {
    if let last = count.hits.last, now.seconds(since: last.at) < rule.windowSeconds / parts {
      count.hits[count.hits.count - 1].amount += amount
    } else {
      count.hits.append(Hit(at: now, amount: amount))
    }
    let latest = count.hits.map(\.at).max() ?? now
    count.hits.removeAll { latest.seconds(since: $0.at) > rule.windowSeconds }
    return count.hits.reduce(0) { $0 + $1.amount }
  }

  private static func isNew(
    _ level: SecurityEventLevel, _ count: Count, _ rule: EventRule, at now: Timestamp
  ) -> Bool {
    guard let raised = count.raised, let at = count.raisedAt else { return true }
    return now.seconds(since: at) > rule.windowSeconds || level.score > raised.score
  }

  /// Makes room: an eighth at once, so that a flood of sources costs little each.
  private mutating func forgetQuietest(at now: Timestamp) {
    let quietest = counts.map { (key: $0.key, at: $0.value.hits.last?.at ?? now) }
      .sorted { $0.at != $1.at ? $0.at < $1.at : $0.key < $1.key }
    for entry in quietest.prefix(Self.sourceLimit / 8) { counts[entry.key] = nil }
    forgotten += min(quietest.count, Self.sourceLimit / 8)
  }

  /// Lets go of counts that can no longer lead to anything.
  package mutating func forget(before now: Timestamp) {
    let longest = rules.map(\.windowSeconds).max() ?? 0
    counts = counts.filter { entry in
      entry.value.hits.last.map { now.seconds(since: $0.at) <= longest } ?? false
    }
  }
}

extension EventWatch {
  /// What a later process needs to go on counting.
  package var json: JSONValue {
    var object = JSONObject()
    for key in counts.keys.sorted() {
      guard let count = counts[key] else { continue }
      object[key] = [
        "hits": .array(count.hits.map { [.int($0.at.nanoseconds), .double($0.amount)] }),
        "raised": .optional(count.raised?.rawValue), "raised_at": count.raisedAt?.json ?? .null,
      ]
    }
    return .object(object)
  }

  /// Counts of an earlier process; what cannot be read is begun anew.
  package init(json: JSONValue?, rules: [EventRule] = EventRule.standard) {
    self.init(rules: rules)
    for member in json?.object ?? [:] {
      var count = Count()
      for hit in member.value["hits"]?.array ?? [] {
        guard let pair = hit.array, pair.count == 2, let at = pair[0].int, let amount = pair[1].double else {
          continue
        }
        count.hits.append(Hit(at: Timestamp(nanoseconds: Int64(at)), amount: amount))
      }
      count.raised = member.value["raised"]?.string.flatMap(SecurityEventLevel.init(rawValue:))
      count.raisedAt = member.value["raised_at"].flatMap { Timestamp.parse($0)?.time }
      if counts.count < Self.sourceLimit { counts[member.key] = count }
    }
  }
}
