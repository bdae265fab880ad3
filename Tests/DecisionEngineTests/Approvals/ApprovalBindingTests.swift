import DSLBase
import Testing

@testable import DecisionEngine

/// What an approval binds, and what it leaves free.
@Suite struct ApprovalBindingTests {
  private static let policy = """
    name: bound
    let: {goal: "min(max_agents, active_agents + 2)"}
    rules:
      - name: grow
        type: scale_up
        priority: 5
        confidence: 0.9
        approval: required
        when: {work_queue_size: {gt: 5}, oldest_pending_s: {gt: 10}, goal: {gt: active_agents}}
        parameters: {target_agents: = goal}
        description: d
        rationale: r
      - name: probe
        type: health_check
        priority: 1
        confidence: 0.5
        approval: two_person
        when: {work_queue_size: {gt: 5}}
        description: d
        rationale: r
    """

  private func engine(_ text: String = policy) throws -> DecisionEngine {
    DecisionEngine(policy: try Policy(yaml: text, file: "bound.yaml"))
  }

  private func binding(
    _ engine: DecisionEngine, id: String = "d-0123456789abcdef", queue: Double = 20, oldest: Double = 60,
    age: Double = 1, state: AgentView.State = .idle, marks: [Int: String] = [:]
  ) -> ApprovalBinding {
    var observation = Fleet(idle: 2, pending: 20, telemetry: 0).observation
    observation.metrics[.workQueueSize] = queue
    observation.metrics[.oldestPendingSeconds] = oldest
    observation.agents = [AgentView(id: "a1", state: state, heartbeatAgeSeconds: age, idleSeconds: age)]
    observation = engine.assess(observation)
    var decision = Decision.sample(.scaleUp, id: id)
    decision.rule = "grow"
    decision.parameters = ["target_agents": 4]
    let steps = [
      EffectStep(action: "start_agent", target: "a-\(id.dropFirst(2).prefix(12))-1"),
      EffectStep(action: "drain_agent", target: "a1", before: ["draining": false]),
    ]
    return engine.binding(of: decision, observation, steps: steps, marks: marks)
  }

  @Test func numbersOfTheRuleAreBoundButNotAges() throws {
    let bound = binding(try engine())
    #expect(bound.numbers.keys == ["active_agents", "max_agents", "work_queue_size"])
    #expect(bound.hash.count == 64)
  }

  @Test func whatPassesWithTimeAloneChangesNothing() throws {
    let engine = try engine()
    let first = binding(engine)
    #expect(binding(engine, oldest: 90, age: 31).hash == first.hash, "ages")
    #expect(binding(engine, id: "d-fedcba9876543210").hash == first.hash, "the cycle's own ids")
  }

  @Test func whatMattersIsNamed() throws {
    let engine = try engine()
    let first = binding(engine)
    func difference(_ other: ApprovalBinding) -> String? { other.difference(from: first, drift: 0.25) }
    #expect(difference(binding(engine, queue: 25)) == nil)
    #expect(difference(binding(engine, queue: 26)) == "work_queue_size was 20, is 26")
    #expect(difference(binding(engine, state: .busy))?.hasPrefix("agent a1 was {") == true)
    #expect(difference(binding(engine, marks: [1: "ab"])) == "drain_agent a1 is now \"ab\"")
    let other = try self.engine(Self.policy.replacing("confidence: 0.9", with: "confidence: 0.8"))
    #expect(difference(binding(other))?.hasPrefix("policy was") == true)
    var shorter = first
    shorter.plan = .array([])
    #expect(difference(shorter) == "the plan was 2 steps and is 0")
  }

  @Test func theHashIsOfTheCanonicalForm() {
    let one = ApprovalBinding(facts: ["b": 1, "a": ["y": 1, "x": 2]], numbers: [:], plan: [])
    let two = ApprovalBinding(facts: ["a": ["x": 2, "y": 1], "b": 1], numbers: [:], plan: [])
    #expect(one.hash == two.hash)
    let text = #"{"facts":{"a":{"x":2,"y":1},"b":1},"numbers":{},"plan":[]}"#
    #expect(one.hash == SHA256.hex(of: Array(text.utf8)))
  }

  @Test func rulesBandsAndTypesDemandIt() throws {
    var settings = GateSettings.Approval(below: 0.8, types: [.restart], twoPerson: [.scaleDown])
    settings.rules = try engine().policy.approvers
    #expect(settings.rules == ["grow": 1, "probe": 2])
    func people(_ type: DecisionType, _ confidence: Double = 0.9, rule: String = "test") -> Int? {
      var decision = Decision.sample(type, confidence: confidence)
      decision.rule = rule
      return settings.demand(decision)?.approvers
    }
    #expect(people(.scaleUp) == nil && people(.scaleUp, 0.8) == nil && people(.scaleUp, 0.79) == 1)
    #expect(people(.restart) == 1 && people(.scaleDown) == 2 && people(.optimize, rule: "probe") == 2)
  }

  @Test func theGatesSpeakInTheirOrder() {
    var settings = GateSettings(dryRun: true)
    settings.approval = .init(types: [.scaleUp])
    var history = GateHistory(otherHolder: "host b")
    history.stopped = "fire (.dsl/STOP)"
    history.paused = PauseFact(until: Timestamp(seconds: 9), by: "alice", reason: "a move", leftSeconds: 5)
    func refusal() -> GateRefusal? {
      Gate.judge(
        [.sample(.scaleUp)], settings: settings, history: history, now: Timestamp(seconds: 4))[0].refusal
    }
    #expect(refusal()?.gate == .leader)
    history.otherHolder = nil
    #expect(refusal()?.reason == "the kill switch is thrown: fire (.dsl/STOP)")
    history.stopped = nil
    #expect(refusal()?.reason == "paused until 1970-01-01T00:00:09Z by alice because a move")
    history.paused = nil
    #expect(refusal()?.reason == "needs a person's approval: approval.types names scale_up")
    history.approvals = ["d-0": .held("waits")]
    #expect(refusal()?.gate == .approval && refusal()?.reason == "waits")
    history.approvals = ["d-0": .granted("p-0")]
    #expect(refusal()?.gate == .dryRun)
  }
}
