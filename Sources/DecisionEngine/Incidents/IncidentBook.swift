package import DSLBase

/// The open incidents, at most one a target and rule, and what is on its way to becoming one. Pure: signals in, things
/// to tell out.
package struct IncidentBook: Sendable, Equatable {
  /// When something is worth telling.
  package struct Timing: Sendable, Equatable {
    /// Cycles in a row that a patient condition has to hold before its incident opens, and to be gone before it closes.
    package var cycles: Int
    /// Seconds after which an incident that goes on is told again; 0 for never.
    package var remindSeconds: Double
    /// Seconds without another occurrence after which an incident of occurrences closes.
    package var quietSeconds: Double

    package init(cycles: Int = 3, remindSeconds: Double = 3600, quietSeconds: Double = 600) {
      self.cycles = cycles
      self.remindSeconds = remindSeconds
      self.quietSeconds = quietSeconds
    }
  }

  /// A condition that has not held for long enough.
  struct Rising: Sendable, Equatable {
    var rule: String
    var target: String
    var cycles: Int
  }

  /// Incidents that may be open at once; further ones wait until one has closed.
  package static let limit = 200

  /// Oldest first.
  package internal(set) var open: [Incident] = []
  var rising: [Rising] = []

  /// None.
  package init() {}

  /// Takes what one cycle saw.
  ///
  /// - Returns: what to tell, in the order of the signals, then of the open incidents.
  /// - Complexity: O(signals × open incidents), both of which are bounded.
  package mutating func take(
    _ signals: [IncidentSignal], at now: Timestamp, _ timing: Timing
  ) -> [IncidentChange] {
    var changes: [IncidentChange] = []
    var seen: Set<String> = []
    var stillRising: [Rising] = []
    for signal in signals {
      seen.insert(Self.key(signal.rule, signal.target))
      guard let place = open.firstIndex(where: { $0.rule == signal.rule && $0.target == signal.target })
      else {
        begin(signal, at: now, timing, &stillRising, &changes)
        continue
      }
      if signal.kind == .over {
        close(at: place, now, signal.summary, &changes)
      } else if signal.kind != .unknown {
        renew(place, signal, at: now, &changes)
      }
    }
    rising = stillRising
    settle(seen, at: now, timing, &changes)
    return changes
  }

  private mutating func begin(
    _ signal: IncidentSignal, at now: Timestamp, _ timing: Timing, _ stillRising: inout [Rising],
    _ changes: inout [IncidentChange]
  ) {
    let known = rising.first { $0.rule == signal.rule && $0.target == signal.target }
    switch signal.kind {
    case .over: return
    case .unknown:
      if let known { stillRising.append(known) }
      return
    case .occurred, .holds(patient: false): break
    case .holds(patient: true):
      let cycles = (known?.cycles ?? 0) + 1
      guard cycles >= timing.cycles else {
        stillRising.append(Rising(rule: signal.rule, target: signal.target, cycles: cycles))
        return
      }
    }
    guard open.count < Self.limit else { return }
    let incident = Incident(signal, at: now)
    open.append(incident)
    changes.append(IncidentChange(kind: .opened, incident: incident, at: now))
  }

  /// Notes that an open incident goes on; tells when it is worse than what was told.
  private mutating func renew(
    _ place: Int, _ signal: IncidentSignal, at now: Timestamp, _ changes: inout [IncidentChange]
  ) {
    open[place].absent = 0
    open[place].severity = signal.severity
    open[place].summary = signal.summary
    if signal.kind == .occurred {
      open[place].count += 1
      open[place].lastAt = now
    }
    if signal.severity > open[place].told { tell(place, at: now, &changes) }
  }

  /// Closes what is over, and reminds of what is not.
  private mutating func settle(
    _ seen: Set<String>, at now: Timestamp, _ timing: Timing, _ changes: inout [IncidentChange]
  ) {
    for place in open.indices.reversed() {
      let isSeen = seen.contains(Self.key(open[place].rule, open[place].target))
      if let last = open[place].lastAt {
        if now.seconds(since: last) >= timing.quietSeconds {
          close(at: place, now, "no more for \(NumberText.short(timing.quietSeconds)) s", &changes)
        } else if open[place].count > open[place].toldCount {
          remind(place, at: now, timing, &changes)
        }
      } else if isSeen {
        remind(place, at: now, timing, &changes)
      } else {
        open[place].absent += 1
        if open[place].absent >= (open[place].isPatient ? timing.cycles : 1) {
          close(at: place, now, "", &changes)
        }
      }
    }
  }

  private mutating func remind(
    _ place: Int, at now: Timestamp, _ timing: Timing, _ changes: inout [IncidentChange]
  ) {
    guard timing.remindSeconds > 0, now.seconds(since: open[place].toldAt) >= timing.remindSeconds else {
      return
    }
    tell(place, at: now, &changes)
  }

  private mutating func tell(_ place: Int, at now: Timestamp, _ changes: inout [IncidentChange]) {
    open[place].told = max(open[place].told, open[place].severity)
    open[place].toldAt = now
    open[place].toldCount = open[place].count
    open[place].sequence += 1
    changes.append(IncidentChange(kind: .updated, incident: open[place], at: now))
  }

  private mutating func close(
    at place: Int, _ now: Timestamp, _ why: String, _ changes: inout [IncidentChange]
  ) {
    var incident = open.remove(at: place)
    incident.sequence += 1
    if !why.isEmpty { incident.summary += " (\(why))" }
    changes.append(IncidentChange(kind: .closed, incident: incident, at: now))
  }

  private static func key(_ rule: String, _ target: String) -> String { rule + "\u{1F}" + target }
}
