import Coordination

/// What an agent has to decide on.
enum AgentEvent: Sendable, Equatable {
  /// The time has come for something.
  case tick
  /// The answer to `claim`.
  case claimed([Claim])
  /// The queue could not be asked.
  case claimFailed
  /// A command has ended.
  case exited(id: String, CommandEnd)
  /// The end of an item is written down.
  case settled(id: String, Settlement)
  /// It could not be written down; to be tried again.
  case notSettled(id: String)
  /// There is no directory to write it to at the moment; to be tried for as long as that takes.
  case held(id: String)
  /// These items are no longer ours.
  case lost([String])
  /// What the agent's record says.
  case record(AgentOrders)
  /// Another process runs under this id.
  case superseded
  /// Told to stop by a signal.
  case stopSignal
}

/// What others can ask of a running agent, through its record.
struct AgentOrders: Sendable, Equatable {
  var concurrency: Int
  var drain: Bool
  var telemetrySeconds: Double?
}

/// What became of an item.
enum Settlement: Sendable, Equatable { case completed, retry, parked, lost }

/// What an agent does.
enum AgentAction: Sendable, Equatable {
  case claim(Int)
  case run(Claim)
  /// Write down how an item ended.
  case settle(Claim, CommandEnd)
  /// Kill its command at once.
  case kill(id: String)
  /// Give it back.
  case release(Claim)
  /// Drop it: it belongs to another agent now.
  case abandon(Claim)
  /// Renew these leases and give a sign of life.
  case beat([ClaimReference], draining: Bool)
  /// Look whether the agent's record has changed.
  case checkRecord
  case writeTelemetry
}

/// What an agent does when: no clock, no process, no file; events in, actions out.
struct AgentMachine {
  private enum Phase: Equatable { case running, draining, stopping }

  private struct Held {
    var claim: Claim
    /// What its command ended with, once it has.
    var end: CommandEnd?
    /// Whether it belongs to another agent now.
    var isLost = false
    var tries = 0
    var retryAt = 0.0
  }

  private let options: AgentOptions
  private var phase = Phase.running
  private var signals = 0
  private var isSuperseded = false
  private var concurrency: Int
  private var telemetrySeconds: Double
  private var held: [String: Held] = [:]
  private var asked = 0
  private var lastWork: Double
  /// When the queue last had nothing, or could not be asked.
  private var lastNothing = -Double.infinity
  private var backOff = firstBackOff
  private var nextClaim: Double
  private var nextBeat: Double
  private var nextCheck: Double
  private var nextTelemetry: Double
  /// What it did so far.
  private(set) var report = AgentReport()
  /// Whether there is nothing left to do.
  private(set) var hasEnded = false

  /// Seconds until the queue is asked again after it had nothing; doubled each time up to the last.
  static let firstBackOff = 0.02
  static let lastBackOff = 0.5
  /// Seconds between two looks at the own record.
  static let checkSeconds = 1.0
  /// How often writing down an end is tried before the lease is left to run out, and seconds in between.
  static let settleTries = 20
  static let settleSeconds = 0.5

  init(_ options: AgentOptions, orders: AgentOrders, now: Double) {
    self.options = options
    concurrency = orders.concurrency
    telemetrySeconds = orders.telemetrySeconds ?? options.telemetrySeconds
    lastWork = now
    nextClaim = now
    nextBeat = now + options.beatSeconds
    nextCheck = now + Self.checkSeconds
    nextTelemetry = now + telemetrySeconds
    if orders.drain { phase = .draining }
  }

  private var free: Int { phase == .running ? max(0, concurrency - held.count - asked) : 0 }
  private var ids: [String] { held.keys.sorted() }

  /// When `tick` is due next, on the monotonic clock.
  var nextDeadline: Double {
    var next = min(nextBeat, nextCheck, nextTelemetry)
    if free > 0 { next = min(next, nextClaim) }
    if let idleAt { next = min(next, idleAt) }
    for (_, item) in held where item.end != nil && item.tries > 0 { next = min(next, item.retryAt) }
    return next
  }

  private var idleAt: Double? {
    guard phase == .running, held.isEmpty, asked == 0 else { return nil }
    return options.untilIdleSeconds.map { lastWork + $0 }
  }

  /// Takes an event.
  ///
  /// - Returns: what to do now, in this order.
  mutating func on(_ event: AgentEvent, now: Double) -> [AgentAction] {
    guard !hasEnded else { return [] }
    var actions: [AgentAction] = []
    switch event {
    case .tick: actions = tick(now)
    case .claimed(let claims): actions = take(claims, now)
    case .claimFailed:
      asked = 0
      lastNothing = now
      delayClaim(now)
    case .exited(let id, let end): actions = exited(id, end)
    case .settled(let id, let settlement): settle(id, settlement, now)
    case .notSettled(let id): notSettled(id, now)
    case .held(let id): hold(id, now)
    case .lost(let ids): actions = lose(ids)
    case .record(let orders): obey(orders, now)
    case .superseded:
      isSuperseded = true
      actions = stop()
    case .stopSignal:
      signals += 1
      if signals > 1 { actions = stop() } else if phase == .running { phase = .draining }
    }
    return actions + proceed(now)
  }

  // MARK: Time

  private mutating func tick(_ now: Double) -> [AgentAction] {
    var actions: [AgentAction] = []
    if now >= nextBeat {
      nextBeat = now + options.beatSeconds
      let claims = ids.compactMap { held[$0] }.filter { !$0.isLost }.map(\.claim.reference)
      actions.append(.beat(claims, draining: phase != .running))
    }
    if now >= nextCheck {
      nextCheck = now + Self.checkSeconds
      actions.append(.checkRecord)
    }
    if now >= nextTelemetry {
      nextTelemetry = now + telemetrySeconds
      actions.append(.writeTelemetry)
    }
    for id in ids {
      if let item = held[id], let end = item.end, item.tries > 0, now >= item.retryAt {
        held[id]?.retryAt = .infinity
        actions.append(.settle(item.claim, end))
      }
    }
    return actions
  }

  /// What follows from the state, whatever the event was.
  private mutating func proceed(_ now: Double) -> [AgentAction] {
    if phase != .running, held.isEmpty, asked == 0 {
      end(isSuperseded ? .superseded : phase == .stopping ? .stopped : .drained)
    } else if let idleAt, now >= idleAt, lastNothing >= idleAt {
      end(.idle)
    } else if free > 0, now >= min(nextClaim, idleAt ?? .infinity) {
      // Also when the time without work is over: a process that was held up has not looked for a while.
      asked = free
      return [.claim(asked)]
    }
    return []
  }

  private mutating func end(_ reason: AgentReport.Reason) {
    report.reason = reason
    hasEnded = true
  }

  // MARK: Items

  private mutating func take(_ claims: [Claim], _ now: Double) -> [AgentAction] {
    let wanted = asked
    asked = 0
    if claims.count < wanted { delayClaim(now) }
    if claims.isEmpty {
      lastNothing = now
    } else {
      lastWork = now
      backOff = Self.firstBackOff
    }
    // Told to stop in between: what was just handed out goes back.
    guard phase == .running else {
      report.released += claims.count
      return claims.map { .release($0) }
    }
    for claim in claims { held[claim.id] = Held(claim: claim) }
    return claims.map { .run($0) }
  }

  private mutating func delayClaim(_ now: Double) {
    nextClaim = now + backOff
    backOff = min(Self.lastBackOff, backOff * 2)
  }

  private mutating func exited(_ id: String, _ end: CommandEnd) -> [AgentAction] {
    guard let item = held[id] else { return [] }
    if item.isLost {
      held[id] = nil
      report.lost += 1
      return [.abandon(item.claim)]
    }
    if phase == .stopping {
      held[id] = nil
      report.released += 1
      return [.release(item.claim)]
    }
    held[id]?.end = end
    return [.settle(item.claim, end)]
  }

  private mutating func settle(_ id: String, _ settlement: Settlement, _ now: Double) {
    guard held.removeValue(forKey: id) != nil else { return }
    switch settlement {
    case .completed: report.completed += 1
    case .retry: report.retried += 1
    case .parked: report.parked += 1
    case .lost: report.lost += 1
    }
    lastWork = now
    nextClaim = now
  }

  private mutating func notSettled(_ id: String, _ now: Double) {
    guard var item = held[id] else { return }
    item.tries += 1
    item.retryAt = now + Self.settleSeconds
    held[id] = item
    guard item.tries >= Self.settleTries || phase == .stopping else { return }
    held[id] = nil
    report.unsettled += 1
  }

  /// Tries again later, without counting it as a try; not when everything is to end now.
  private mutating func hold(_ id: String, _ now: Double) {
    guard phase != .stopping else { return notSettled(id, now) }
    guard var item = held[id] else { return }
    item.tries = max(1, item.tries)
    item.retryAt = now + Self.settleSeconds
    held[id] = item
  }

  private mutating func lose(_ lost: [String]) -> [AgentAction] {
    lost.sorted().flatMap { id -> [AgentAction] in
      guard let item = held[id], !item.isLost else { return [] }
      guard item.end == nil else {
        held[id] = nil
        report.lost += 1
        return [.abandon(item.claim)]
      }
      held[id]?.isLost = true
      return [.kill(id: id)]
    }
  }

  // MARK: Orders

  private mutating func obey(_ orders: AgentOrders, _ now: Double) {
    concurrency = max(1, orders.concurrency)
    let seconds = orders.telemetrySeconds ?? options.telemetrySeconds
    if seconds != telemetrySeconds {
      telemetrySeconds = seconds
      nextTelemetry = min(nextTelemetry, now + seconds)
    }
    guard signals == 0, phase != .stopping else { return }
    if orders.drain { phase = .draining } else if phase == .draining { phase = .running }
  }

  /// Ends everything now: commands are killed, and their items given back once they are gone.
  private mutating func stop() -> [AgentAction] {
    guard phase != .stopping else { return [] }
    phase = .stopping
    return ids.compactMap { id in held[id]?.end == nil ? .kill(id: id) : nil }
  }
}
