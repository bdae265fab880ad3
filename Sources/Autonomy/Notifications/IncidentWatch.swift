import Coordination
import DSLBase
import DecisionEngine

/// Finds what is worth an incident in what cycles saw and did; remembers what the next look has to compare with.
struct IncidentWatch: Sendable, Equatable {
  /// What a cycle came to, as far as incidents go.
  struct Facts: Sendable {
    var report: CycleReport
    /// Attempts to undo decisions since the last look, whoever asked for them.
    var undone: [UndoneDecision]
    /// Programs that are held back, as role and name.
    var heldBack: [String]
    /// The machine that the engine runs on.
    var host: String
  }

  private(set) var book = IncidentBook()
  /// Items that had failed for good at the last look.
  private var failedItems: Int?
  /// The machine of the engine that looked last.
  private var leader: String?
  /// The last attempt to undo that was looked at; `nil` before the first look, which takes what was before for known.
  private(set) var lastUndo: Int64?

  init() {}

  /// Takes what one cycle came to.
  mutating func look(
    _ facts: Facts, at now: Timestamp, _ timing: IncidentBook.Timing, newestUndo: Int64
  ) -> [IncidentChange] {
    var signals = Self.health(facts.report.observation)
    signals += Self.gates(facts.report)
    signals += Self.decisions(facts.report)
    signals += Self.cluster(facts.report.observation)
    if lastUndo != nil { signals += facts.undone.map(Self.undone) }
    lastUndo = newestUndo
    signals += facts.heldBack.map {
      IncidentSignal("program", $0, .warning, "\($0) keeps failing and is held back", .holds(patient: false))
    }
    signals += deadLetters(facts.report.observation)
    if let leader, leader != facts.host {
      let summary = "the engine on \(facts.host) leads; before, the one on \(leader) did"
      signals.append(IncidentSignal("leader", "fleet", .info, summary, .occurred))
    }
    leader = facts.host
    return book.take(signals, at: now, timing)
  }

  private static func health(_ observation: Observation) -> [IncidentSignal] {
    let metrics = observation.metrics
    guard observation.blind == nil, let score = metrics.healthScore else {
      let why = observation.blind ?? "the score lacks a metric"
      return [
        IncidentSignal("blind", "fleet", .critical, "the engine is blind: \(why)", .holds(patient: true)),
        IncidentSignal("health", "fleet", kind: .unknown),
      ]
    }
    let shown = (score * 100).rounded() / 100
    let summary =
      "health is \(shown) (\(metrics.healthState.rawValue)): "
      + "\(metrics.activeAgents) agents, \(metrics.workQueueSize) items in the queue"
    switch metrics.healthState {
    case .critical: return [IncidentSignal("health", "fleet", .critical, summary, .holds(patient: true))]
    case .degraded: return [IncidentSignal("health", "fleet", .warning, summary, .holds(patient: true))]
    case .healthy, .optimal, .unknown: return []
    }
  }

  /// Gates that hold everything because somebody said so, whether there is a decision to hold or not.
  private static func gates(_ report: CycleReport) -> [IncidentSignal] {
    report.holds.map { hold in
      IncidentSignal(
        hold.gate.rawValue, "fleet", hold.gate == .paused ? .info : .warning, hold.reason,
        .holds(patient: false))
    }
  }

  private static func decisions(_ report: CycleReport) -> [IncidentSignal] {
    report.decisions.compactMap { entry in
      let target = "\(entry.decision.target)/\(entry.decision.type)"
      switch entry.outcome {
      case .failed(let error, let undone):
        return IncidentSignal(
          "decision_failed", target, .error, "\(entry.decision.type) failed: \(error); \(undone)", .occurred)
      case .executed:
        return IncidentSignal("decision_failed", target, .error, "\(entry.decision.type) works again", .over)
      case .nothingToDo, .refused, .wouldExecute, .stopped: return nil
      }
    }
  }

  /// A simulated cluster that failed: it is seen once, then the next episode begins.
  private static func cluster(_ observation: Observation) -> [IncidentSignal] {
    guard observation.metrics[.clusterFailed] == 1 else { return [] }
    let notes = observation.evidence.first { $0.source == "cluster" }?.notes ?? []
    let summary = notes.prefix(2).joined(separator: "; ")
    return [IncidentSignal("cluster_failed", "cluster", .critical, summary, .occurred)]
  }

  private static func undone(_ entry: UndoneDecision) -> IncidentSignal {
    IncidentSignal(
      "rollback", "\(entry.target)/\(entry.type)", .warning,
      "\(entry.decision) (\(entry.type)) was undone by \(entry.by): \(entry.outcome.rawValue)", .occurred)
  }

  private mutating func deadLetters(_ observation: Observation) -> [IncidentSignal] {
    guard let failed = observation.metrics[.failedWork].map({ Int($0) }) else { return [] }
    defer { failedItems = failed }
    guard let before = failedItems else { return [] }
    if failed > before {
      let summary = "\(failed) items have failed for good, \(failed - before) more than before"
      return [IncidentSignal("dead_letters", "queue", .warning, summary, .occurred)]
    }
    return failed == 0
      ? [IncidentSignal("dead_letters", "queue", .warning, "no item has failed for good", .over)] : []
  }
}

extension IncidentSignal {
  /// A signal that says nothing of how bad it is.
  fileprivate init(_ rule: String, _ target: String, kind: Kind) { self.init(rule, target, .info, "", kind) }
}

extension IncidentWatch {
  /// All of it, for the journal.
  var json: JSONValue {
    [
      "book": book.json, "failed_items": .optional(failedItems), "leader": .optional(leader),
      "last_undo": lastUndo.map { .int($0) } ?? .null,
    ]
  }

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "incident watch")
    book = try IncidentBook(json: fields["book"])
    failedItems = fields["failed_items"]?.int
    leader = fields["leader"]?.string
    lastUndo = fields["last_undo"]?.int.map { Int64($0) }
  }
}
