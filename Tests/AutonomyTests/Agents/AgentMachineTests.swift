@testable import Autonomy
@testable import Coordination
import DSLBase
import Testing

/// The agent's decisions as lists: this event, then these actions.
@Suite struct AgentMachineTests {
  private func claim(_ id: String) -> Claim {
    Claim(
      id: id, epoch: 1, token: "t", agent: "a", attempt: 1, maxAttempts: 3,
      leaseUntil: Timestamp(seconds: 30),
      record: [], file: "work_\(id).json")
  }

  private func machine(
    concurrency: Int = 1, drain: Bool = false, _ change: (inout AgentOptions) -> Void = { _ in }
  ) -> AgentMachine {
    var options = AgentOptions(id: "a", command: "true")
    change(&options)
    return AgentMachine(options, orders: AgentOrders(concurrency: concurrency, drain: drain), now: 0)
  }

  private let done = CommandEnd(cause: .exit(0))

  @Test func anItemGoesThrough() {
    var machine = machine()
    #expect(machine.on(.tick, now: 0) == [.claim(1)])
    #expect(machine.on(.claimed([claim("1")]), now: 0) == [.run(claim("1"))])
    #expect(machine.on(.tick, now: 0.1) == [])
    #expect(machine.on(.exited(id: "1", done), now: 0.2) == [.settle(claim("1"), done)])
    #expect(machine.on(.settled(id: "1", .completed), now: 0.2) == [.claim(1)])
    #expect(machine.report.completed == 1)
    #expect(!machine.hasEnded)
  }

  @Test func anEmptyQueueIsAskedLessAndLessOften() {
    var machine = machine()
    var (now, pauses) = (0.0, [Double]())
    #expect(machine.on(.tick, now: now) == [.claim(1)])
    for _ in 0..<7 {
      let asked = now
      var actions = machine.on(.claimed([]), now: now)
      while !actions.contains(.claim(1)) {
        now = machine.nextDeadline
        actions = machine.on(.tick, now: now)
      }
      pauses.append(now - asked)
    }
    #expect(zip(pauses, [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]).allSatisfy { abs($0 - $1) < 1e-9 })
    // Work ends the waiting.
    _ = machine.on(.claimed([claim("1")]), now: now)
    _ = machine.on(.exited(id: "1", done), now: now)
    _ = machine.on(.settled(id: "1", .completed), now: now)
    _ = machine.on(.claimed([]), now: now)
    #expect(machine.nextDeadline - now <= 0.020_001)
  }

  @Test func aFailingQueueIsAskedAgain() {
    var machine = machine()
    #expect(machine.on(.tick, now: 0) == [.claim(1)])
    #expect(machine.on(.claimFailed, now: 0) == [])
    #expect(machine.on(.tick, now: 0.03) == [.claim(1)])
  }

  @Test func leasesAreRenewedThreeTimesALease() {
    var machine = machine(concurrency: 2) { $0.leaseSeconds = 3 }
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("2"), claim("1")]), now: 0)
    #expect(machine.nextDeadline == 1)
    let beat = AgentAction.beat([claim("1").reference, claim("2").reference], draining: false)
    #expect(machine.on(.tick, now: 1) == [beat, .checkRecord])
  }

  @Test func aLostItemIsKilledAndDropped() {
    var machine = machine()
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1")]), now: 0)
    #expect(machine.on(.lost(["1", "unknown"]), now: 1) == [.kill(id: "1")])
    // Its lease is no longer renewed, and its end not written down.
    #expect(machine.on(.tick, now: 5).contains(.beat([], draining: false)))
    let killed = CommandEnd(cause: .signal(9))
    #expect(machine.on(.exited(id: "1", killed), now: 6) == [.abandon(claim("1")), .claim(1)])
    #expect(machine.report.lost == 1)
    #expect(machine.report.retried == 0)
  }

  @Test func drainingFinishesWhatIsHeld() {
    var machine = machine(concurrency: 2)
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1")]), now: 0)
    #expect(machine.on(.stopSignal, now: 1) == [])
    #expect(machine.on(.tick, now: 2) == [.checkRecord])
    #expect(machine.on(.tick, now: 5).first == .beat([claim("1").reference], draining: true))
    #expect(machine.on(.exited(id: "1", done), now: 6) == [.settle(claim("1"), done)])
    #expect(!machine.hasEnded)
    #expect(machine.on(.settled(id: "1", .completed), now: 6) == [])
    #expect(machine.hasEnded)
    #expect(machine.report.reason == .drained)
  }

  @Test func aSecondSignalKillsAndGivesBack() {
    var machine = machine(concurrency: 2)
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1"), claim("2")]), now: 0)
    _ = machine.on(.stopSignal, now: 1)
    #expect(machine.on(.stopSignal, now: 1) == [.kill(id: "1"), .kill(id: "2")])
    #expect(machine.on(.stopSignal, now: 1) == [])
    let killed = CommandEnd(cause: .signal(9))
    #expect(machine.on(.exited(id: "1", killed), now: 1) == [.release(claim("1"))])
    #expect(machine.on(.exited(id: "2", killed), now: 1) == [.release(claim("2"))])
    #expect(machine.hasEnded)
    #expect(machine.report.reason == .stopped)
    #expect(machine.report.released == 2)
    #expect(machine.on(.tick, now: 9) == [])
  }

  @Test func whatWasHandedOutWhileStoppingGoesBack() {
    var machine = machine()
    #expect(machine.on(.tick, now: 0) == [.claim(1)])
    #expect(machine.on(.stopSignal, now: 0) == [])
    #expect(!machine.hasEnded)
    #expect(machine.on(.claimed([claim("1")]), now: 0) == [.release(claim("1"))])
    #expect(machine.hasEnded)
  }

  @Test func theRecordDrainsAndUndrains() {
    var machine = machine(concurrency: 2)
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1")]), now: 0)
    _ = machine.on(.record(AgentOrders(concurrency: 2, drain: true)), now: 1)
    #expect(machine.on(.tick, now: 1) == [.checkRecord])
    #expect(machine.on(.record(AgentOrders(concurrency: 2, drain: false)), now: 2) == [.claim(1)])
    // A signal is not taken back by the record.
    _ = machine.on(.claimed([]), now: 2)
    _ = machine.on(.stopSignal, now: 3)
    #expect(machine.on(.record(AgentOrders(concurrency: 2, drain: false)), now: 4) == [])
  }

  @Test func anAgentThatShallDrainFromTheBeginningEnds() {
    var machine = machine(drain: true)
    #expect(machine.on(.tick, now: 0) == [])
    #expect(machine.hasEnded)
  }

  @Test func concurrencyFollowsTheRecord() {
    var machine = machine()
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1")]), now: 0)
    #expect(machine.on(.record(AgentOrders(concurrency: 3, drain: false)), now: 1) == [.claim(2)])
    _ = machine.on(.claimed([claim("2"), claim("3")]), now: 1)
    _ = machine.on(.record(AgentOrders(concurrency: 1, drain: false)), now: 2)
    _ = machine.on(.exited(id: "1", done), now: 3)
    #expect(machine.on(.settled(id: "1", .completed), now: 3) == [])
    _ = machine.on(.exited(id: "2", done), now: 3)
    #expect(machine.on(.settled(id: "2", .completed), now: 3) == [])
    _ = machine.on(.exited(id: "3", done), now: 3)
    #expect(machine.on(.settled(id: "3", .completed), now: 3) == [.claim(1)])
  }

  @Test func anotherProcessUnderTheIDEndsThisOne() {
    var machine = machine()
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1")]), now: 0)
    #expect(machine.on(.superseded, now: 1) == [.kill(id: "1")])
    #expect(machine.on(.exited(id: "1", done), now: 1) == [.release(claim("1"))])
    #expect(machine.report.reason == .superseded)
  }

  @Test func idleForLongEnoughEnds() {
    var machine = machine { $0.untilIdleSeconds = 10 }
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1")]), now: 0)
    // Working is not idling.
    _ = machine.on(.tick, now: 20)
    _ = machine.on(.exited(id: "1", done), now: 20)
    _ = machine.on(.settled(id: "1", .completed), now: 20)
    _ = machine.on(.claimed([]), now: 20)
    _ = machine.on(.tick, now: 29.9)
    #expect(!machine.hasEnded)
    _ = machine.on(.claimed([]), now: 30)
    #expect(machine.hasEnded)
    #expect(machine.report.reason == .idle)
  }

  @Test func whoWasHeldUpLooksOnceMoreBeforeItEndsIdle() {
    var machine = machine { $0.untilIdleSeconds = 1 }
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([]), now: 0)
    // Stopped, or starved of processor time, for longer than it is to wait.
    #expect(machine.on(.tick, now: 30).contains(.claim(1)))
    #expect(!machine.hasEnded)
    #expect(machine.on(.claimed([claim("1")]), now: 30) == [.run(claim("1"))])
  }

  @Test func anEndThatCannotBeWrittenIsTriedAgainForAWhile() {
    var machine = machine()
    _ = machine.on(.tick, now: 0)
    _ = machine.on(.claimed([claim("1")]), now: 0)
    var (now, tries) = (1.0, 1)
    #expect(machine.on(.exited(id: "1", done), now: now) == [.settle(claim("1"), done)])
    while tries < 100 {
      let actions = machine.on(.notSettled(id: "1"), now: now)
      if !actions.isEmpty { break }
      now += 0.5
      guard machine.on(.tick, now: now).contains(.settle(claim("1"), done)) else { break }
      tries += 1
    }
    #expect(tries == AgentMachine.settleTries)
    #expect(machine.report.unsettled == 1)
  }

  @Test func telemetryComesAtItsInterval() {
    var machine = machine { $0.telemetrySeconds = 7 }
    #expect(!machine.on(.tick, now: 6).contains(.writeTelemetry))
    #expect(machine.on(.tick, now: 7).contains(.writeTelemetry))
    _ = machine.on(.record(AgentOrders(concurrency: 1, drain: false, telemetrySeconds: 2)), now: 8)
    #expect(machine.on(.tick, now: 10).contains(.writeTelemetry))
  }

  /// Whatever comes in whatever order: never more items than allowed at once, each item ends exactly once,
  /// and two signals end the agent.
  @Test(arguments: [1, 2, 3, 4, 5, 0xFEED] as [UInt64])
  func randomEventsKeepTheBooks(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var machine = machine(concurrency: 3)
    var (now, next, running, ended, started, asked) = (0.0, 0, Set<String>(), 0, 0, 0)
    func apply(_ actions: [AgentAction]) {
      for action in actions {
        switch action {
        case .claim(let count): asked = count
        case .run(let claim):
          started += 1
          #expect(running.insert(claim.id).inserted, "seed \(seed)")
        case .settle(let claim, _), .abandon(let claim):
          #expect(running.remove(claim.id) != nil, "seed \(seed)")
          ended += 1
          if case .settle = action { apply(machine.on(.settled(id: claim.id, .completed), now: now)) }
        case .release(let claim): ended += running.remove(claim.id) == nil ? 0 : 1
        case .kill, .beat, .checkRecord, .writeTelemetry: break
        }
      }
      #expect(running.count <= 3, "seed \(seed)")
    }
    for _ in 0..<2000 {
      now += Double.random(in: 0...0.3, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: apply(machine.on(.tick, now: now))
      case 1 where asked > 0:
        let claims = (0..<Int.random(in: 0...asked, using: &random)).map { claim(String(next + $0)) }
        (next, asked) = (next + claims.count, 0)
        apply(machine.on(.claimed(claims), now: now))
      case 2, 3: if let id = running.min() { apply(machine.on(.exited(id: id, done), now: now)) }
      case 4:
        if let id = running.max(), Bool.random(using: &random) { apply(machine.on(.lost([id]), now: now)) }
      default:
        let drain = Int.random(in: 0..<4, using: &random) == 0
        let concurrency = Int.random(in: 1...3, using: &random)
        if !drain || !running.isEmpty {
          apply(machine.on(.record(AgentOrders(concurrency: concurrency, drain: drain)), now: now))
        }
      }
      if machine.hasEnded { break }
    }
    apply(machine.on(.stopSignal, now: now))
    apply(machine.on(.stopSignal, now: now))
    if asked > 0 { apply(machine.on(.claimed([]), now: now)) }
    for id in running.sorted() { apply(machine.on(.exited(id: id, done), now: now)) }
    #expect(machine.hasEnded, "seed \(seed)")
    #expect(started == ended, "seed \(seed)")
    let report = machine.report
    #expect(report.completed + report.lost + report.released == started, "seed \(seed)")
  }
}
