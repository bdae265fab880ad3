import AnomalyDetection
import Coordination
import DSLBase
import DecisionEngine
import Synchronization
import Testing

@testable import Autonomy

/// From telemetry to an action and back, through the engine's own gate, journal and undo.
@Suite struct RemediationCycleTests {
  @Test func aSpikeIsRemediedByTheCommandAndTakenBack() async throws {
    let site = try RemedySite()
    site.settings.remediation.commands = [site.command(.restartService)]
    try site.turnOn(live: true)
    try site.minute(["shop": (100, 2), "cart": (100, 1)])
    #expect(try await site.turn().remedies.isEmpty, "nothing is wrong")
    try site.minute(["shop": (100, 80), "cart": (100, 1)])
    let report = try await site.turn()
    let done = try #require(report.remedies.first, "\(report.warnings)")
    #expect(done.decision.type.rawValue == "restart_service" && done.decision.target == "shop")
    #expect(done.decision.rule == "remediate_error_spike" && done.decision.confidence == 0.7)
    #expect(report.observation.metrics[.openIssues] == 1)
    #expect(report.warnings.contains("error_spike of shop: 80 spans failed"))
    #expect(try site.exists("done_shop") && !site.exists("done_cart"))

    let engine = try site.engine()
    defer { engine.close() }
    let journal = try #require(engine.journal)
    let entry = try journal.decision(done.decision.id)
    #expect(entry.outcome == .executed && entry.steps.count == 1)
    #expect(entry.decision["parameters"]?["issue_type"] == "error_spike")
    #expect(try journal.verifyChain()?.faults == [])
    // A replay derives the same decisions from what was journaled, without running anything.
    let cycle = try journal.cycle(report.id).record
    let strategies = try AnsweredStrategy.all(in: cycle.settings)
    #expect(strategies.contains { $0.name == "remediate_error_spike" })
    let differences = Replay.compare(
      DecisionEngine(policy: try .default, limits: site.settings.limits),
      try Observation(json: cycle.observation), cycle: report.id,
      journaled: try journal.decisions(DecisionFilter(cycle: report.id)).map(\.decision),
      strategies: strategies)
    #expect(differences.isEmpty, "\(differences.map(\.text))")

    let undone = try await engine.rollback([done.decision.id], by: "test")
    #expect(undone.map(\.outcome) == [.reverted])
    #expect(try !site.exists("done_shop"))
  }

  @Test func whatFindsNoPlaceWaitsThroughRestarts() async throws {
    let site = try RemedySite()
    site.settings.remediation.commands = [site.command(.restartService)]
    site.settings.remediation.maxConcurrent = 2
    try site.turnOn(live: true)
    let spikes = Dictionary(uniqueKeysWithValues: (0..<5).map { ("s\($0)", (spans: 100, errors: 50 + $0)) })
    try site.minute(spikes)
    #expect(try await site.turn().remedies.map(\.decision.target).sorted() == ["s3", "s4"])
    #expect(try site.book().waiting.map(\.issue.service) == ["s2", "s1", "s0"])
    try site.minute(spikes)
    #expect(try await site.turn().remedies.isEmpty, "both places are held")
    // s4 and s3 recover, the others do not.
    for _ in 0..<3 {
      try site.minute(spikes.filter { $0.key < "s3" }.merging(["s3": (100, 0), "s4": (100, 0)]) { $1 })
    }
    #expect(try await site.turn().remedies.map(\.decision.target).sorted() == ["s1", "s2"])
    #expect(try site.book().waiting.map(\.issue.service).contains("s0"))
    #expect(try site.exists("done_s2") && !site.exists("done_s0"))
  }

  @Test func aDryRunTellsWhatItWouldDoAndLeavesRealDecisionsAlone() async throws {
    let site = try RemedySite()
    site.settings.remediation.commands = [site.command(.restartService)]
    site.settings.remediation.plans = [
      .init("error_spike", service: "cart", .scaleUp, confidence: 0.9, ["agents": 5])
    ]
    try site.turnOn(live: false)
    for number in 0..<12 {
      try site.write("work_w\(number).json", #"{"id":"w\#(number)","status":"pending"}"#)
    }
    try site.minute(["shop": (100, 80), "cart": (100, 80)])
    let report = try await site.turn()
    #expect(try !site.exists("done_shop"))
    #expect(report.executed.allSatisfy { !$0.decision.rule.hasPrefix("remediate_") })
    #expect(report.executed.contains { $0.decision.type == .scaleUp }, "the policy's own scaling is real")
    let told = report.warnings.filter { $0.hasPrefix("remediation (dry run)") }
    #expect(
      told.contains {
        $0.contains("error_spike of shop, restart_service: would have ran 1 configured command")
          || $0.contains("would have")
      }, "\(told)")
    #expect(told.count == 2)
    let journal = try #require(try Journal.openForReading(site.directory))
    let rules = try journal.decisions(DecisionFilter(limit: 50)).compactMap { $0.decision["rule"]?.string }
    #expect(!rules.contains { $0.hasPrefix("remediate_") }, "what is rehearsed is no decision")
    #expect(try site.book().waiting.count == 2)
  }

  @Test func aDryRunOfTheEngineWritesNothingAndLooksAtNothing() async throws {
    let site = try RemedySite()
    site.settings.remediation.commands = [site.command(.restartService)]
    try site.turnOn(live: true)
    try site.minute(["shop": (100, 80)])
    site.settings.gates.dryRun = true
    let engine = try site.engine(.dryRun)
    defer { engine.close() }
    #expect(try await engine.runCycle().executed.isEmpty)
    #expect(try !site.exists("done_shop") && !site.exists(".dsl/telemetry/processing.json"))
    #expect(site.source.state.withLock { $0.asked.isEmpty })
  }

  @Test func theFleetsOwnActionsAreReal() async throws {
    let site = try RemedySite()
    site.settings.remediation.plans = [
      .init("error_spike", service: "web", .scaleUp, confidence: 0.9, ["agents": 3]),
      .init("error_spike", service: "pool", .throttleRequests, confidence: 0.9, ["percent": 50]),
    ]
    try site.turnOn(live: true)
    try site.minute(["web": (100, 80), "pool": (100, 70)])
    let report = try await site.turn()
    let done = report.remedies
    #expect(
      done.map(\.decision.type.rawValue).sorted() == ["scale_up", "throttle_requests"], "\(report.warnings)")
    let engine = try site.engine()
    defer { engine.close() }
    #expect(try await engine.backend.observe().agents.count { $0.state == .starting } == 3)
    #expect(try engine.backend.agents.read("a0")?.record.concurrency == 2)
    _ = try await engine.rollback(done.map(\.decision.id), by: "test")
    #expect(try engine.backend.agents.read("a0")?.record.concurrency == 4)
    #expect(try await engine.backend.observe().agents.count { $0.state == .starting } == 0)
  }

  @Test func whatNobodyCarriesOutIsToldWhenThePlanIsMade() async throws {
    let site = try RemedySite()
    try site.turnOn(live: true)
    try site.minute(["shop": (100, 80)])
    let report = try await site.turn()
    #expect(report.decisions.allSatisfy { !$0.decision.rule.hasPrefix("remediate_") })
    #expect(
      report.warnings.contains {
        $0.hasPrefix("error_spike of shop is not remedied: no agent that is up belongs to shop")
      }, "\(report.warnings)")
    #expect(try site.book().entries.first?.note.contains("remediation: {commands:") == true)
  }

  @Test func aCommandThatFailsIsTriedAgainAndThenLeftToPeople() async throws {
    let site = try RemedySite()
    var broken = site.command(.restartService)
    broken.program.command = ["/bin/sh", "-c", "exit 7"]
    site.settings.remediation.commands = [broken]
    site.settings.remediation.maxAttempts = 2
    try site.turnOn(live: true)
    for _ in 0..<3 {
      try site.minute(["shop": (100, 80)])
      _ = try await site.turn()
    }
    let journal = try #require(try Journal.openForReading(site.directory))
    let tried = try journal.decisions(DecisionFilter(outcomes: [.undoneAfterFailure, .failed], limit: 50))
    #expect(tried.count == 2 && tried.allSatisfy { $0.message.contains("exit status 7") })
    #expect(try site.book().entries.map(\.state) == [.parked])
  }

  @Test func silenceIsNoDataAndABrokenStoreEndsNoTurn() async throws {
    let site = try RemedySite()
    try site.turnOn(live: true)
    for _ in 0..<5 {
      try site.minute([:])
      let report = try await site.turn()
      #expect(report.warnings.isEmpty && report.observation.metrics[.openIssues] == 0)
    }
    site.source.state.withLock { $0.isBroken = true }
    try site.minute([:])
    let report = try await site.turn()
    #expect(
      report.warnings.contains { $0.contains("telemetry could not be looked at: the store cannot be read") })
  }

  @Test func eachWindowIsLookedAtOnceWhicheverProcessDoesIt() async throws {
    let site = try RemedySite(agents: 0)
    try site.write("work_w1.json", #"{"id":"w1","status":"pending"}"#)
    try site.turnOn(live: false)
    for _ in 0..<4 {
      try site.minute(["shop": (10, 0)])
      _ = try await site.turn()
      _ = try await site.turn()
    }
    let asked = site.source.state.withLock { $0.asked }
    #expect(asked.count == 4)
    for (one, next) in zip(asked, asked.dropFirst()) { #expect(one.until == next.from) }
    let state = try JSONParser.parse(
      PosixFileSystem().read("\(site.path)/.dsl/telemetry/processing.json", limit: 1 << 20))
    #expect(state["detector"]?["seen"] == 4, "what was learned outlives processes")
    // After a long rest what lies too far back is passed over, and that is told.
    site.time.advance(seconds: 86_400)
    #expect(try await site.turn().warnings.contains { $0.contains("minutes was not looked at") })
  }

  /// What is like nothing before is told once, opens no issue, and is not told again by a look that a crash makes twice.
  @Test func numbersThatAreLikeNoneBeforeAreListedAndNothingFollows() async throws {
    let site = try RemedySite(agents: 0)
    try site.write("work_w1.json", #"{"id":"w1","status":"pending"}"#)
    try site.turnOn(live: true)
    for index in 0..<115 { try site.minute(["shop": (100 + index * 7 % 13, 0)]) }
    _ = try await site.turn()
    let store = UnusualSignalStore(site.directory)
    #expect(try store.latest().isEmpty)
    let before = try PosixFileSystem().read("\(site.path)/.dsl/telemetry/processing.json", limit: 1 << 20)

    try site.minute(["shop": (90_000, 0)])
    let report = try await site.turn()
    #expect(report.decisions.allSatisfy { !$0.decision.rule.hasPrefix("remediate_") })
    let told = try store.latest()
    #expect(told.map(\.service) == ["shop"] && told.map(\.measure) == ["spans_per_second"])
    #expect(
      told.first?.value == 1_500 && told.first?.at == site.source.state.withLock { $0.windows.last?.start })

    // As if the process had died between what it learned and how far it got.
    try site.write(".dsl/telemetry/processing.json", String(decoding: before, as: UTF8.self))
    _ = try await site.turn()
    #expect(try store.latest() == told)
    // What was learned can be thrown away.
    try site.write(".dsl/telemetry/rarity.state", "nothing of the kind")
    try site.minute(["shop": (90_000, 0)])
    _ = try await site.turn()
    #expect(try store.latest() == told)
  }

  @Test func attacksInTelemetryBecomeEvents() async throws {
    let site = try RemedySite()
    try site.turnOn(live: false)
    let attack = SecuritySignal(
      at: site.time.now, service: "shop",
      attributes: ["client.address": "203.0.113.9", "url.query": "id=1' or '1'='1&token=s3cr3t"])
    let harmless = SecuritySignal(at: site.time.now, service: "shop", attributes: ["url.query": "q=shoes"])
    site.source.state.withLock { $0.signals = [harmless, attack, harmless] }
    try site.minute([:])
    let report = try await site.turn()
    #expect(report.warnings.contains { $0.hasPrefix("security: high injection of shop from 203.0.113.9") })
    try site.minute([:])
    _ = try await site.turn()
    let store = SecurityEventStore(site.directory, site.settings.security)
    let events = try store.events(at: site.time.now)
    #expect(events.map(\.rule) == ["sql_injection"] && !events[0].evidence.contains("s3cr3t"))
    site.settings.security.retentionHours = 0.01
    #expect(try SecurityEventStore(site.directory, site.settings.security).events(at: site.time.now).isEmpty)
  }

  @Test func eventsAreBounded() throws {
    let site = try RemedySite()
    let store = SecurityEventStore(site.directory, site.settings.security)
    var watch = EventWatch()
    let drill = SecurityDrill.signals(.injection, source: "x", user: "y", at: site.time.now)
    let event = try #require(drill.flatMap { watch.take($0) }.first)
    try store.add(Array(repeating: event, count: SecurityEventStore.limit + 5), at: site.time.now)
    #expect(try store.events(at: site.time.now).count == SecurityEventStore.limit)
    try site.write(".dsl/telemetry/security.json", "{")
    #expect(throws: DSLError.self) { try store.events(at: site.time.now) }
  }
}
