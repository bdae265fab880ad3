import DSLBase
import Testing

@testable import DecisionEngine

/// Rules as they stand in a file.
@Suite struct EventRulesTests {
  private func read(_ text: String) throws -> EventRules {
    let reader = YAMLReader(file: "dsl.yaml")
    let rules = EventRules(try #require(try YAMLNode.document(in: text, file: "dsl.yaml")), reader)
    try reader.finish()
    return try #require(rules)
  }

  @Test func whatIsPrintedIsWhatIsRead() throws {
    let printed = JSONValue.array(EventRule.standard.map(\.json)).text()
    let rules = try read(printed)
    #expect(rules.inForce == EventRule.standard)
    #expect(try read(rules.json.text()) == rules)
  }

  @Test func aFileReplacesAddsAndTurnsOff() throws {
    let rules = try read(
      """
      - {name: probing, off: true}
      - {name: forbidden, type: suspicious_access, tests: [{attributes: a, is: X}], levels: {low: 2}, within: 1m, meaning: m}
      - {name: own, type: injection, tests: [{fields: [body, 'h.*'], contains: 'DROP'}], levels: {high: 1}, within: 2, meaning: m}
      """)
    let names = rules.inForce.map(\.name)
    #expect(names.count == EventRule.standard.count && !names.contains("probing") && names.last == "own")
    let forbidden = try #require(rules.inForce.first { $0.name == "forbidden" })
    #expect(forbidden.tests == [.attribute(["a"], ["x"])] && forbidden.steps == [.init(2, .low)])
    #expect(forbidden.windowSeconds == 60)
    var watch = EventWatch(rules: rules.inForce)
    let events = watch.take(.request(["h.x": "a;drop table"]))
    #expect(events.map(\.rule) == ["own"], "texts are compared in lower case, prefixes of names count")
    #expect(watch.take(.request(["url.path": "/.git/config"])).isEmpty)
  }

  @Test(arguments: [
    ("- {name: probin, off: true}", "probing"), ("- {name: probing, off: true, sum: a}", "has no sum"),
    ("- {name: a, type: injection, levels: {low: 1}, within: 1, meaning: m}", "needs tests, or a sum"),
    (
      "- {name: a, type: injection, sum: b, levels: {low: 2, high: 2}, within: 1, meaning: m}",
      "high has to need more"
    ),
    ("- {name: a, type: injection, sum: b, levels: {}, within: 1, meaning: m}", "at least one level"),
    ("- {name: a, type: injection, sum: [], levels: {low: 1}, within: 1, meaning: m}", "1 to 256 texts"),
    (
      "- {name: a, type: injection, tests: [{fields: a, is: b}], levels: {low: 1}, within: 1, meaning: m}",
      "attributes"
    ),
    (
      "- {name: a, type: injection, tests: [{fields: a, tautology: false}], levels: {low: 1}, within: 1, meaning: m}",
      "expected true"
    ),
    ("- {name: probing, off: true}\n- {name: probing, off: true}", "a second rule probing"),
  ])
  func whatIsWrongIsToldAtItsPlace(text: String, said: String) throws {
    let reader = YAMLReader(file: "dsl.yaml")
    #expect(EventRules(try #require(try YAMLNode.document(in: text, file: "dsl.yaml")), reader) == nil)
    let problem = try #require(reader.sortedProblems.first)
    #expect(problem.description.contains(said) && problem.line >= 1, "\(problem)")
  }
}
