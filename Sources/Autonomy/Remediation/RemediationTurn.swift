import Coordination
import DSLBase
package import DecisionEngine
import Synchronization

/// Remediation's part in one turn of the loop: looks at new telemetry, makes plans for what is wrong, and notes what became
/// of them. Decides nothing and does nothing: plans are proposals like those of any strategy.
package final class RemediationTurn: Sendable {
  /// What becomes of plans.
  package enum Mode: String, Sendable {
    /// None are made.
    case off
    /// They are made, judged by the gates and told, and nothing is done.
    case rehearsed = "dry_run"
    /// They are carried out.
    case live
  }

  /// What a turn proposes.
  struct Plans: Sendable {
    /// Into the ranking with everything else.
    var live: [AnsweredStrategy] = []
    /// Judged by themselves, so that they take nothing from what is real.
    var rehearsed: [AnsweredStrategy] = []
    var notes: [String] = []
  }

  struct State: Sendable {
    var book: RemediationBook
    var orders: [RemediationOrder]
    /// Orders that are dealt with.
    var done: [String] = []
    var made: [RemediationPlan] = []
  }

  package let mode: Mode
  private let settings: RemediationSettings
  private let limits: FleetLimits
  private let handler: @Sendable (RemediationAction, String, Observation) -> ActionHandler
  private let processing: TelemetryProcessing?
  private let state: Mutex<State>

  /// - Parameters:
  ///   - processing: what looks at new telemetry; `nil` when that is off, or nothing may be written.
  ///   - handler: who carries an action out for a service, given what is seen.
  init(
    mode: Mode, settings: RemediationSettings, limits: FleetLimits, book: RemediationBook,
    orders: [RemediationOrder], processing: TelemetryProcessing?,
    handler: @escaping @Sendable (RemediationAction, String, Observation) -> ActionHandler
  ) {
    self.mode = mode
    self.settings = settings
    self.limits = limits
    self.processing = processing
    self.handler = handler
    state = Mutex(State(book: book, orders: orders))
  }

  /// The issues as they stand.
  package var book: RemediationBook { state.withLock { $0.book } }
  /// The plans of this turn.
  package var made: [RemediationPlan] { state.withLock { $0.made } }
  /// Orders that were dealt with in this turn.
  var doneOrders: [String] { state.withLock { $0.done } }

  /// Issues that detectors raise at the moment; `nil` while no telemetry is looked at.
  var openIssues: Double? {
    processing == nil ? nil : Double(book.entries.count { $0.quietSince == nil })
  }

  /// Looks at telemetry that came since the last time.
  ///
  /// - Returns: what deserves attention, a sentence each. What fails is one of them: the turn goes on without.
  func look(_ observation: Observation) async -> [String] {
    guard let processing else { return [] }
    do {
      let found = try await processing.pass(observation)
      let changes = state.withLock { $0.book.observe(found.issues, heard: found.heard, at: observation.at) }
      return found.notes + changes
    } catch {
      return ["telemetry could not be looked at: \(error)"]
    }
  }

  /// Makes plans for the issues whose turn it is, and for what people ordered.
  func plans(_ observation: Observation, _ engine: DecisionEngine, traceID: String) -> Plans {
    var plans = Plans()
    let planner = RemediationPlanner(
      engine: engine, table: settings.table, threshold: settings.confidenceThreshold
    ) { [handler] in handler($0, $1, observation) }
    state.withLock { state in
      for order in state.orders { add(order, planner, observation, traceID, &state, &plans) }
      guard mode != .off, observation.blind == nil, observation.metrics.healthScore != nil else { return }
      for entry in state.book.next {
        switch planner.plan(entry.issue, observation, traceID: traceID) {
        case .plan(let plan):
          state.made.append(plan)
          let answer = answer(plan, observation)
          if mode == .live { plans.live.append(answer) } else { plans.rehearsed.append(answer) }
        case .refused(let reason, let fix):
          let sentence = reason + (fix.map { " (\($0))" } ?? "")
          state.book.note(.held(sentence), for: entry.issue.key, at: observation.at)
          plans.notes.append("\(entry.issue.type) of \(entry.issue.service) is not remedied: \(sentence)")
        }
      }
    }
    return plans
  }

  private func add(
    _ order: RemediationOrder, _ planner: RemediationPlanner, _ observation: Observation, _ traceID: String,
    _ state: inout State, _ plans: inout Plans
  ) {
    guard observation.at.seconds(since: order.at) < RemediationOrder.patienceSeconds else {
      state.done.append(order.id)
      plans.notes.append("order \(order.id) of \(order.by) was held back for too long and is forgotten")
      return
    }
    do throws(DSLError) {
      let plan = try planner.ordered(
        order.issue, order.action, order.parameters, observation, traceID: traceID)
      state.made.append(plan)
      var more = order.marks
      more["order_id"] = .string(order.id)
      plans.live.append(answer(plan, observation, more))
    } catch {
      state.done.append(order.id)
      plans.notes.append("order \(order.id) of \(order.by) cannot be carried out: \(error.message)")
    }
  }

  /// A plan as the answer of a strategy, with what the fleet has to know to scale.
  func answer(
    _ plan: RemediationPlan, _ observation: Observation, _ more: JSONObject = [:]
  ) -> AnsweredStrategy {
    AnsweredStrategy(
      name: plan.rule, proposals: [plan.proposal(Self.scaling(plan, observation, limits, more))])
  }

  /// The target that a change of the number of agents comes to, within the limits of the fleet.
  static func scaling(
    _ plan: RemediationPlan, _ observation: Observation, _ limits: FleetLimits, _ more: JSONObject = [:]
  ) -> JSONObject {
    var more = more
    let present = observation.agents.count { [.busy, .idle, .starting].contains($0.state) }
    let change = plan.parameters["agents"]?.int ?? 0
    switch plan.action {
    case .scaleUp: more["target_agents"] = .int(max(present, min(limits.maxAgents, present + change)))
    case .scaleDown: more["target_agents"] = .int(min(present, max(limits.minAgents, present - change)))
    default: break
    }
    return more
  }

  /// Notes what became of the plans.
  func settle(_ reports: [DecisionReport], at now: Timestamp) {
    state.withLock { state in
      for report in reports where report.decision.rule.hasPrefix(RemediationPlan.rulePrefix) {
        let parameters = report.decision.parameters
        if let order = parameters["order_id"]?.string {
          if !report.wasHeldBack { state.done.append(order) }
          continue
        }
        guard let type = parameters["issue_type"]?.string, let service = parameters["service"]?.string else {
          continue
        }
        state.book.note(report.remediationResult, for: "\(type) \(service)", at: now)
      }
    }
  }
}

extension DecisionReport {
  /// Whether a gate held it back, so that it is worth trying again.
  fileprivate var wasHeldBack: Bool { if case .refused = outcome { true } else { false } }

  /// What it means for the issue.
  fileprivate var remediationResult: RemediationBook.Result {
    switch outcome {
    case .executed: .executed(decision: decision.id)
    case .wouldExecute(let steps): .held("dry run: would have " + StepSummary.of(steps))
    case .nothingToDo(let reason): .held("nothing to do: \(reason)")
    case .refused(let gate, let reason, _, _): .held("held back by \(gate): \(reason)")
    case .failed(let error, _): .failed(error)
    case .stopped(let reason, _, _): .failed("stopped: \(reason)")
    }
  }
}
