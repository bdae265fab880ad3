package import Coordination
package import DSLBase
package import DecisionEngine
import SignalStore

extension EngineHost {
  static let bookKey = "remediation_book"

  /// What the book of issues says; empty when there is none.
  ///
  /// - Throws: `corrupt`, `io`.
  package static func book(
    _ journal: Journal?, _ settings: Settings
  ) throws(DSLError) -> RemediationBook {
    let limits = settings.remediation.bookLimits
    guard let json = try journal?.state(bookKey) else { return RemediationBook(limits: limits) }
    return try RemediationBook(json: json, limits: limits)
  }

  /// What becomes of plans, by settings and switch.
  package static func mode(_ journal: Journal?, _ settings: Settings) throws(DSLError) -> RemediationTurn.Mode
  {
    if settings.remediation.enabled == false { return .off }
    let position = try journal?.position(of: .remediation) ?? DurableSwitch()
    if position.isLive { return .live }
    return position.isOn || settings.remediation.enabled == true ? .rehearsed : .off
  }

  /// Remediation's part in the next turn; `nil` when there is nothing for it to do.
  ///
  /// - Parameter acts: whether the turn may write.
  func remediation(acts: Bool) throws -> RemediationTurn? {
    // Remedies are for agents of a directory; a simulated cluster has none.
    guard let journal, sim == nil else { return nil }
    let mode = try Self.mode(journal, settings)
    let isProcessing = try journal.position(of: .processing).isOn
    let orders = try RemediationOrder.waiting(journal)
    let book = try Self.book(journal, settings)
    guard isProcessing || mode != .off || !orders.isEmpty || !book.entries.isEmpty else { return nil }
    let standing = standing
    return RemediationTurn(
      mode: mode, settings: settings.remediation, limits: settings.limits, book: book, orders: orders,
      processing: acts && isProcessing ? processing : nil, handler: standing)
  }

  /// What looks at new telemetry.
  var processing: TelemetryProcessing {
    let kept = SignalRetention(settings.telemetry.retention)
    let source =
      world.signals?(directory, settings)
      ?? SignalLook(source: StoredSignals(directory, retention: kept, time: world.time)) {
        HouseDetectors(saved: $0)
      }
    return TelemetryProcessing(
      directory: directory, settings: settings.processing, security: settings.security, source: source.source,
      makeFinder: source.makeFinder, time: world.time)
  }

  /// Who carries an action out for a service.
  package var standing: @Sendable (RemediationAction, String, Observation) -> ActionHandler {
    let (remediation, programs, agents) = (settings.remediation, settings.programs, backend.agents)
    return { action, service, observation in
      if let command = remediation.command(action, service) {
        return .command(command.program.name, undoes: command.undo != nil)
      }
      if let handler = programs.handlers.first(where: { $0.type == action.type }) {
        return .program(handler.program.name)
      }
      let missing = ActionHandler.missing(action)
      guard RemediationCatalog.info(action).builtIn != nil else {
        return .missing(missing.reason, fix: missing.fix)
      }
      guard [.restartService, .throttleRequests].contains(action) else { return .builtIn }
      let members = (try? RemedyHandler.members(of: service, observation, agents)) ?? []
      guard members.isEmpty else { return .builtIn }
      return .missing(
        "no agent that is up belongs to \(service), and no command is configured for \(action.rawValue) of it",
        fix: missing.fix)
    }
  }

  /// The handlers of the actions that the policy does not know, where no other was given.
  var remedyHandlers: [DecisionType: any DecisionHandler] {
    guard sim == nil else { return [:] }
    let handler = RemedyHandler(
      settings: settings.remediation, backend: backend, gpus: gpus,
      runner: ProgramRunner(directory: directory.path, environment: world.environment, time: world.time),
      tracer: tracer)
    var handlers: [DecisionType: any DecisionHandler] = [:]
    for action in RemediationAction.allCases where !action.isAboutFleet { handlers[action.type] = handler }
    return handlers
  }

  /// Keeps the book for later cycles, and takes orders away that were dealt with.
  func keep(_ turn: RemediationTurn, before: RemediationBook) throws {
    guard let journal else { return }
    if turn.book != before {
      try journal.setState(Self.bookKey, turn.book.entries.isEmpty ? .null : turn.book.json)
    }
    try RemediationOrder.remove(turn.doneOrders, from: journal)
  }

  /// Carries out what a person ordered, by the same gates, journal and undo as everything else.
  ///
  /// - Throws: `invalidInput` for parameters that the action does not take, `unsupported` when nobody carries it out,
  ///   `unknownState` when the directory cannot be seen.
  package func order(
    _ order: RemediationOrder, live: Bool
  ) async throws -> (plan: RemediationPlan, report: CycleReport) {
    var cycle = try cycle(EngineExtensions(), dryRun: !live)
    let observation = try await cycle.observe()
    if let blind = observation.blind {
      throw DSLError(.unknownState, "nothing is done: \(blind)")
    }
    let standing = standing
    let planner = RemediationPlanner(
      engine: cycle.engine, table: settings.remediation.table,
      threshold: settings.remediation.confidenceThreshold
    ) { standing($0, $1, observation) }
    let plan = try planner.ordered(order.issue, order.action, order.parameters, observation)
    cycle.control.proposer = order.orderer
    let proposal = plan.proposal(
      RemediationTurn.scaling(plan, observation, settings.limits, order.marks))
    let id = newCycleID()
    let decision = Decision(proposal, rule: plan.rule, cycle: id, at: observation.at)
    var options = Cycle.Options()
    options.dryRun = !live
    let seat = seat
    cycle.supervision.otherLeader = { seat?.otherLeader }
    var report = try await cycle.run(
      id: id, journal: live ? journal : nil, history: journal, options, given: [decision])
    if live, report.supersededBy == nil { report.warnings += upkeep() + remember(report) }
    return (plan, report)
  }
}
