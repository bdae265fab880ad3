import DSLBase
import DecisionEngine
import Testing

@Suite struct PolicyYAMLTests {
  private func problems(_ text: String) -> [String] {
    do {
      _ = try Policy(yaml: text, file: "p.yaml")
      return []
    } catch let error as DSLError {
      return error.message.split(separator: "\n").map(String.init)
    } catch { return ["\(error)"] }
  }

  @Test func everyMistakeIsNamedWithItsLine() {
    let text = """
      name: mine
      lett: {}
      let:
        active_agents: 1
        Bad-Name: 2
        step: ceil(completion_rat * 2)
        half: 1 +
      evidence: {stale: 2}
      rules:
        - name: one
          type: scale_upp
          priority: 11
          confidence: 120%
          when: {work_queue_sise: {gt: 1}, health_state: bad, active_agents: {above: 3}}
          parameters: {target_agents: = active_agents + stepp}
          description: "{active_agent} agents"
          rationale: an { open brace
        - type: optimize
          when: []
      silence:
        - {when: {any: {work_queue_size: 0}}, say: ""}
      """
    #expect(
      problems(text) == [
        #"p.yaml:2:1: unknown key "lett", did you mean "let"?"#,
        #"p.yaml:4:3: let: "active_agents" is taken"#,
        "p.yaml:5:3: let: a name has lower-case letters, digits and _ only",
        #"p.yaml:6:9: let.step: unknown metric "completion_rat", did you mean "completion_rate"?"#,
        #"p.yaml:7:9: let.half: expected a number or a name, found end at character 4 of "1 +""#,
        "p.yaml:8:19: evidence.stale: must be from 0 to 1 (0% to 100%), found 2",
        #"p.yaml:11:11: rules[0].type: unknown value "scale_upp", did you mean "scale_up"?"#,
        "p.yaml:12:15: rules[0].priority: must be from 0 to 10, found 11",
        "p.yaml:13:17: rules[0].confidence: must be from 0 to 1 (0% to 100%), found 120%",
        #"p.yaml:14:12: rules[0].when.work_queue_sise: unknown metric "work_queue_sise", did you mean "work_queue_size"?"#,
        #"p.yaml:14:52: rules[0].when.health_state: unknown value "bad"; known: unknown, critical, degraded, healthy, optimal"#,
        #"p.yaml:14:73: rules[0].when.active_agents: unknown key "above"; known: gt, gte, lt, lte, eq, ne"#,
        #"p.yaml:15:33: rules[0].parameters.target_agents: unknown metric "stepp", did you mean "step"?"#,
        #"p.yaml:16:18: rules[0].description: unknown metric "active_agent", did you mean "active_agents"?"#,
        #"p.yaml:17:16: rules[0].rationale: "{" is not closed at character 4"#,
        #"p.yaml:18:5: rules[1]: "name" is missing"#,
        #"p.yaml:18:5: rules[1]: "priority" is missing"#,
        #"p.yaml:18:5: rules[1]: "confidence" is missing"#,
        #"p.yaml:18:5: rules[1]: "description" is missing"#,
        #"p.yaml:18:5: rules[1]: "rationale" is missing"#,
        "and 3 more",
      ])
  }

  @Test func aPolicyNeedsNameAndRules() {
    #expect(problems("# nothing") == ["p.yaml:1:1: a policy is expected"])
    #expect(problems("[]") == ["p.yaml:1:1: expected a mapping, found a list"])
    #expect(problems("{}") == [#"p.yaml:1:1: "name" is missing"#, #"p.yaml:1:1: "rules" is missing"#])
    #expect(problems("{name: a, rules: []}") == ["p.yaml:1:18: rules: a policy needs at least one rule"])
  }

  private static let rule = """
      type: optimize
      priority: 1
      confidence: 0.5
      description: d
      rationale: r
    """

  private func matches(_ when: String, _ fleet: Fleet = Fleet(idle: 2, pending: 8, completed: 2)) throws
    -> Bool
  {
    let text = "name: t\nrules:\n- name: r\n\(Self.rule)\n  when: \(when)\n"
    return !DecisionEngine(policy: try Policy(yaml: text, file: "t.yaml")).decide(fleet).decisions.isEmpty
  }

  @Test(arguments: [
    ("{active_agents: 2}", true), ("{active_agents: 3}", false), ("{active_agents: {gt: 1, lt: 3}}", true),
    ("{active_agents: {ne: 2}}", false), ("{active_agents: {gte: 2, lte: 2}}", true),
    ("{active_agents: {lt: work_queue_size}}", true), ("{active_agents: {lt: work_queue_size / 4}}", false),
    ("{health_state: critical}", false), ("{health_state: [critical, degraded]}", true),
    ("{not: {health_state: degraded}}", false), ("{any: [{active_agents: 9}, {work_queue_size: 8}]}", true),
    ("[{active_agents: 2}, {work_queue_size: 9}]", false),
    ("{all: [{active_agents: 2}, {work_queue_size: 8}]}", true),
    ("{error_rate: {lt: 0.5}}", false), ("{not: {error_rate: {lt: 0.5}}}", false),
    ("{any: [{error_rate: 0}, {active_agents: 2}]}", true), ("{active_agents: {lt: error_rate}}", false),
  ])
  func conditions(when: String, expected: Bool) throws {
    #expect(try matches(when) == expected)
  }

  @Test func aParameterThatCannotBeComputedKeepsTheRuleBack() throws {
    let text =
      "name: t\nrules:\n- name: r\n\(Self.rule)\n  when: {active_agents: 2}\n  parameters: {n: = 1 / error_rate}\n"
    let set = DecisionEngine(policy: try Policy(yaml: text, file: "t")).decide(Fleet(idle: 2))
    #expect(set.decisions.isEmpty)
    #expect(
      set.considered.map(\.outcome) == [.unusable("parameter n cannot be computed: error_rate unknown")])
  }

  @Test func typesWithAHandlerCanBeNamed() throws {
    let text = "name: t\nrules:\n- name: r\n\(Self.rule)\n  when: {active_agents: 2}\n"
      .replacing("optimize", with: "own_type")
    #expect(problems(text).first?.contains("unknown value \"own_type\"") == true)
    let own = DecisionType(rawValue: "own_type")
    #expect(try Policy(yaml: text, file: "t", types: DecisionType.all + [own]).ruleNames == ["r"])
  }

  @Test func backendsAddMetrics() throws {
    let text = "name: t\nrules:\n- name: r\n\(Self.rule)\n  when: {gpu_share: {gt: 0.5}}\n"
    #expect(problems(text).count == 1)
    let gpu = MetricInfo(
      MetricName(rawValue: "gpu_share"), unit: "1", kind: .share, meaning: "Share of GPUs in use.")
    #expect(throws: Never.self) {
      try Policy(yaml: text, file: "t", catalog: MetricCatalog.standard.adding([gpu]))
    }
  }

  @Test func twoPoliciesShipAndOthersAreNotFound() throws {
    #expect(try Policy.builtInTexts.map { try Policy.builtIn($0.name).name } == ["default", "dslmodel"])
    let error = #expect(throws: DSLError.self) { try Policy.builtIn("defualt") }
    #expect(error?.code == .notFound)
    #expect(error?.message == #"there is no policy "defualt", did you mean "default"?"#)
  }
}
