import Autonomy
package import Coordination
package import DSLBase
import DecisionEngine

/// Makes events of what was written into the journal.
///
/// They depend on the journal alone, not on who follows since when: whoever takes up after an entry gets what he would
/// have got.
package struct JournalEvents: Sendable {
  private let journal: Journal
  private let time: any TimeSource

  package init(_ journal: Journal, time: any TimeSource) {
    self.journal = journal
    self.time = time
  }

  /// The events of entries after a number, and the number to go on from.
  ///
  /// - Parameter limit: entries that are read at most.
  /// - Returns: `isMore` when there are further entries.
  package func read(
    after number: Int64, limit: Int
  ) throws -> (events: [ServedEvent], last: Int64, isMore: Bool) {
    let entries = try journal.entries(after: number, limit: limit)
    var events: [ServedEvent] = []
    var told: Set<String> = []
    // A decision that is written three times in one go is told once, as it is at the end.
    for entry in entries.reversed() {
      if told.insert(Self.subject(entry)).inserted { events += try self.events(entry).reversed() }
    }
    return (events.reversed(), entries.last?.number ?? number, entries.count == limit)
  }

  private static let decisionKinds = ["intent", "step", "outcome", "undo", "verification"]

  private static func subject(_ entry: ChainEntry) -> String {
    let kind =
      switch entry.kind {
      case _ where decisionKinds.contains(entry.kind): "decision"
      case "pause_end": "pause"
      default: entry.kind
      }
    return kind == "pause" ? kind : "\(kind) \(entry.ref)"
  }

  private func events(_ entry: ChainEntry) throws -> [ServedEvent] {
    let number = entry.number
    do {
      switch entry.kind {
      case "cycle_end": return try cycle(entry)
      case _ where Self.decisionKinds.contains(entry.kind):
        return [ServedEvent(number, .decision, try journal.decision(entry.ref).summary)]
      case "approval":
        let approval = try Approval(stored: try journal.approval(entry.ref))
        return [ServedEvent(number, .approval, approval.json(at: time.now))]
      case "pause", "pause_end":
        return try journal.lastPause().map { [ServedEvent(number, .pause, $0.json(time))] } ?? []
      case "state" where entry.ref == Notifications.stateKey:
        return [ServedEvent(number, .incidents, try NotificationStatus(journal).json([]))]
      case "state" where entry.ref == Journal.paceKey:
        return try journal.state(Journal.paceKey).map { [ServedEvent(number, .pace, $0)] } ?? []
      default: return []
      }
    } catch {
      // What was pruned since is told by nobody any more.
      guard (error as? DSLError)?.code == .notFound else { throw error }
      return []
    }
  }

  /// The cycle, and before it that health is in another state than in the cycle before.
  private func cycle(_ entry: ChainEntry) throws -> [ServedEvent] {
    let cycle = try journal.cycle(entry.ref)
    let told = ServedEvent(entry.number, .cycle, cycle.summary)
    let before = try journal.cycles(CycleFilter(until: cycle.record.startedAt, limit: 1)).first
    let (old, new) = (before?.record.metrics["health_state"], cycle.record.metrics["health_state"])
    guard let new, old != new else { return [told] }
    let change: JSONValue = [
      "from": old ?? .null, "to": new, "health_score": cycle.record.metrics["health_score"] ?? .null,
      "cycle": .string(cycle.record.id), "at": cycle.record.startedAt.json,
    ]
    return [ServedEvent(nil, .health, change), told]
  }
}
