import Coordination
import CoreMetrics
import DSLBase
import Telemetry
import Tracing

extension AgentShift {
  func claim(_ count: Int) -> AgentEvent {
    let claims = attempt("no work could be claimed") { () throws(DSLError) in
      try world.queue.claim(agent: options.id, leaseSeconds: options.leaseSeconds, count: count)
    }
    for warning in world.queue.takeWarnings() { world.warn(warning) }
    return claims.map(AgentEvent.claimed) ?? .claimFailed
  }

  /// Starts the command of an item, within a span that continues the item's own trace if it has one.
  func start(_ claim: Claim) -> AgentEvent? {
    let span = beginSpan(claim)
    spans[claim.id] = span
    let request = CommandRequest(
      command: options.command, environment: environment(claim, span), input: claim.record,
      outputBytes: options.outputBytes, timeoutSeconds: options.timeoutSeconds,
      graceSeconds: options.graceSeconds)
    do throws(DSLError) {
      let command = try RunningCommand(request, time: world.time)
      running[claim.id] = command
      Task { [feed] in feed.yield(.exited(id: claim.id, await command.end())) }
      return nil
    } catch {
      let end = CommandEnd(cause: .notStarted("\(error)"))
      meter.note(end)
      return .exited(id: claim.id, end)
    }
  }

  private func beginSpan(_ claim: Claim) -> RecordedSpan {
    let text = (try? JSONParser.parse(claim.record))?["traceparent"]?.string
    let parent = text.flatMap { TraceContext(traceparent: $0) }
    let span = world.tracer.startSpan(.workItem, below: parent, ofKind: .consumer)
    if let started = world.tracer.parent { span.link(to: started, agent: options.id) }
    span.set(.genAIAgentID, options.id)
    span.set(.workID, claim.id)
    span.set(.workAttempt, claim.attempt)
    return span
  }

  private func environment(_ claim: Claim, _ span: RecordedSpan) -> [String] {
    var variables = world.environment
    variables["DSL_WORK_ID"] = claim.id
    variables["DSL_AGENT_ID"] = options.id
    variables["DSL_WORK_ATTEMPT"] = String(claim.attempt)
    variables["DSL_WORK_EPOCH"] = String(claim.epoch)
    variables["DSL_COORDINATION_DIR"] = world.directory.path
    variables["COORDINATION_DIR"] = world.directory.path
    variables["TRACESTATE"] = nil
    for (name, value) in span.traceContext.environment { variables[name] = value }
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }

  /// Writes down how an item ended: completed, or failed and to be tried again or not.
  func settle(_ claim: Claim, _ end: CommandEnd) -> AgentEvent {
    if running.removeValue(forKey: claim.id) != nil { meter.note(end) }
    do throws(DSLError) {
      let settlement = end.isSuccess ? try complete(claim, end) : try fail(claim, end)
      self.end(claim, end, outcome: settlement.word)
      return .settled(id: claim.id, settlement)
    } catch {
      guard error.code == .conflict else {
        world.warn("the end of item \(claim.id) could not be written down: \(error)")
        return .notSettled(id: claim.id)
      }
      world.warn(error.description)
      self.end(claim, end, outcome: Settlement.lost.word)
      return .settled(id: claim.id, .lost)
    }
  }

  private func complete(_ claim: Claim, _ end: CommandEnd) throws(DSLError) -> Settlement {
    let completion = Completion(
      claim: claim.reference, result: end.result, durationMs: end.seconds * 1000,
      traceID: spans[claim.id].map { "\($0.traceContext.traceID)" })
    for case .refused(let error) in try world.queue.complete([completion]) { throw error }
    return .completed
  }

  private func fail(_ claim: Claim, _ end: CommandEnd) throws(DSLError) -> Settlement {
    switch try world.queue.fail(claim.reference, error: end.failure, retry: options.retry) {
    case .retry: .retry
    case .parked: .parked
    }
  }

  func release(_ claim: Claim) -> AgentEvent? {
    _ = attempt("item \(claim.id) could not be given back; its lease runs out") { () throws(DSLError) in
      try world.queue.release([claim.reference])
    }
    end(claim, nil, outcome: "released")
    return nil
  }

  /// Ends the span of an item.
  func end(_ claim: Claim, _ end: CommandEnd?, outcome: String) {
    running[claim.id] = nil
    guard let span = spans.removeValue(forKey: claim.id) else { return }
    span.set(.workOutcome, outcome)
    if let status = end?.exitStatus { span.set(.exitCode, Int(status)) }
    if let end, !end.isSuccess {
      span.set(.errorType, end.errorType)
      span.setStatus(SpanStatus(code: .error, message: end.failure))
    }
    span.end()
    count(outcome, since: span)
  }

  /// Counts an attempt, and how long it took.
  private func count(_ outcome: String, since span: RecordedSpan) {
    guard let meters = world.meters else { return }
    Counter(label: ProcessMetric.workItems.name, dimensions: [("outcome", outcome)], factory: meters)
      .increment()
    CoreMetrics.Timer(label: ProcessMetric.workDuration.name, factory: meters).recordSeconds(span.seconds)
  }

  /// Renews the leases and gives a sign of life.
  func beat(_ claims: [ClaimReference], _ isDraining: Bool) -> AgentEvent? {
    if !claims.isEmpty {
      let lost = attempt("leases could not be renewed") { () throws(DSLError) in
        try world.queue.renew(claims, leaseSeconds: options.leaseSeconds)
      }
      if let lost, !lost.isEmpty { feed.yield(.lost(lost)) }
    }
    let beat = attempt("agent \(options.id) could not give a sign of life") { () throws(DSLError) in
      try registration.beat(isBusy: !claims.isEmpty, isDraining: isDraining, concurrency: concurrency)
    }
    return beat.map(event)
  }

  /// Reads the orders in the agent's record.
  func look() -> AgentEvent? {
    let found = attempt("the record of agent \(options.id) could not be read") { () throws(DSLError) in
      try registration.look()
    }
    return found?.map(event)
  }

  private func event(_ beat: AgentRegistration.Beat) -> AgentEvent {
    switch beat {
    case .superseded: return .superseded
    case .orders(let orders):
      concurrency = orders.concurrency
      return .record(orders)
    }
  }
}

extension Settlement {
  fileprivate var word: String {
    switch self {
    case .completed: "completed"
    case .retry: "retry"
    case .parked: "parked"
    case .lost: "lost"
    }
  }
}
