import Coordination
import DSLBase

extension FilesBackend {
  /// The queue that steps on items need.
  private var items: WorkQueue {
    get throws(DSLError) {
      guard let queue else { throw DSLError(.notFound, "\(directory.path) has no work queue") }
      return queue
    }
  }

  /// Takes an item back from an agent whose lease ran out. One that finished in time, or was claimed anew, is left
  /// alone. All that have expired are taken back with it: an expired claim is nobody's.
  func reclaimItem(_ step: EffectStep) throws -> JSONValue {
    _ = try fenced { () throws(DSLError) in try items.reclaimExpired() }
    return ["reclaimed": true]
  }

  /// Moves a pending item out of the queue into `.dsl/quarantine`, whole.
  func quarantineItem(_ step: EffectStep) throws -> JSONValue {
    let reason = step.parameters["reason"]?.string ?? "by decision"
    if try !isQuarantined(step.target) {
      _ = try fenced { () throws(DSLError) in try items.quarantine([step.target], reason: reason) }
    }
    return ["quarantined": true]
  }

  func releaseItem(_ step: EffectStep) throws -> Reversal {
    guard try isQuarantined(step.target) else {
      return .refused("item \(step.target) is no longer in quarantine")
    }
    try fenced { () throws(DSLError) in try items.restoreFromQuarantine([step.target]) }
    return .reverted("item \(step.target) is pending again")
  }

  private func isQuarantined(_ id: String) throws -> Bool {
    do throws(DSLError) { return try items.show(id).state == .quarantined } catch {
      guard error.code == .notFound else { throw error }
      return false
    }
  }

  /// Tells the queue which agent each item is best given to; a hint that costs nothing when that agent does not come.
  func spreadItems(_ step: EffectStep) throws -> JSONValue {
    try fenced { () throws(DSLError) in
      try items.prefer(step.assignment.map { Preference(id: $0.item, agent: $0.agent) })
    }
    return ["items": .int(step.assignment.count)]
  }

  func unspreadItems(_ step: EffectStep) throws -> Reversal {
    try fenced { () throws(DSLError) in try items.clearPreferences(step.assignment.map(\.item)) }
    return .reverted("the items go to whichever agent comes first")
  }

  /// Whether a step on items was done.
  func inspectWork(_ step: EffectStep) throws -> StepTrace {
    switch step.action {
    case "quarantine_item":
      return try isQuarantined(step.target) ? .performed(receipt: ["quarantined": true]) : .absent
    case "reclaim_item":
      let waiting = try items.claims().expired.contains { $0.id == step.target }
      return waiting ? .absent : .performed(receipt: ["reclaimed": true])
    default:
      let hints = Set(try items.preferences())
      let done = step.assignment.contains { hints.contains(Preference(id: $0.item, agent: $0.agent)) }
      return done ? .performed(receipt: ["items": .int(step.assignment.count)]) : .absent
    }
  }
}
