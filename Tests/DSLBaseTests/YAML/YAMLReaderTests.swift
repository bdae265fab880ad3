import DSLBase
import Testing

@Suite struct YAMLReaderTests {
  @Test func everyProblemIsCollectedInTheOrderOfTheFile() throws {
    let text = """
      name: ""
      prioritty: 3
      limits:
        min: 2.5
        max: 99
        share: 130%
        wait: 5 minutes
        mode: quick
        on: yes
      list: 7
      """
    let root = try #require(try YAMLNode.document(in: text, file: "dsl.yaml"))
    let reader = YAMLReader(file: "dsl.yaml")
    let map = try #require(reader.mapping(root, keys: ["name", "priority", "limits", "list", "needed"]))
    #expect(map["list"].flatMap(reader.list) == nil)
    #expect(reader.required("needed", in: map) == nil)
    #expect(map["name"].flatMap { reader.string($0) } == nil)
    let limits = try #require(map["limits"].flatMap { reader.mapping($0, keys: nil) })
    #expect(limits["min"].flatMap { reader.integer($0) } == nil)
    #expect(limits["max"].flatMap { reader.number($0, in: 0...10) } == nil)
    #expect(limits["share"].flatMap { reader.fraction($0) } == nil)
    #expect(limits["wait"].flatMap { reader.duration($0) } == nil)
    #expect(limits["mode"].flatMap { reader.choice($0, of: ["quickly", "slow"]) } == nil)
    #expect(limits["on"].flatMap { reader.bool($0) } == nil)
    let error = #expect(throws: DSLError.self) { try reader.finish() }
    #expect(
      error?.message == """
        dsl.yaml:1:1: "needed" is missing
        dsl.yaml:1:7: name: must not be empty
        dsl.yaml:2:1: unknown key "prioritty", did you mean "priority"?
        dsl.yaml:4:8: limits.min: expected a whole number, found the value "2.5"
        dsl.yaml:5:8: limits.max: must be from 0 to 10, found 99
        dsl.yaml:6:10: limits.share: must be from 0 to 1 (0% to 100%), found 130%
        dsl.yaml:7:9: limits.wait: expected a duration such as 250ms, 30s, 5m or 2h, found the value "5 minutes"
        dsl.yaml:8:9: limits.mode: unknown value "quick", did you mean "quickly"?
        dsl.yaml:9:7: limits.on: expected true or false, found the value "yes"
        dsl.yaml:10:7: list: expected a list, found the value "7"
        """)
  }

  @Test func valuesAreRead() throws {
    let text = "{n: 1e2, i: 3.0, b: true, s: 5, d: 1h30m, ms: 250ms, f: 60%, g: 0.25, one: x, empty: }"
    let root = try #require(try YAMLNode.document(in: text, file: "f"))
    let reader = YAMLReader(file: "f")
    let map = try #require(reader.mapping(root, keys: nil))
    #expect(map["n"].flatMap { reader.number($0) } == 100)
    #expect(map["i"].flatMap { reader.integer($0) } == 3)
    #expect(map["b"].flatMap { reader.bool($0) } == true)
    #expect(map["s"].flatMap { reader.string($0) } == "5")
    #expect(map["d"].flatMap { reader.duration($0) } == 5400)
    #expect(map["ms"].flatMap { reader.duration($0) } == 0.25)
    #expect(map["f"].flatMap { reader.fraction($0) } == 0.6)
    #expect(map["g"].flatMap { reader.fraction($0) } == 0.25)
    #expect(map["one"].map { reader.oneOrMore($0).count } == 1)
    #expect(map["empty"] == nil)
    try reader.finish()
  }

  @Test(arguments: [
    ("30", 30.0), ("0.5", 0.5), ("30s", 30.0), ("5m", 300.0), ("2h", 7200.0), ("7d", 604_800.0),
    ("250ms", 0.25),
    ("1h30m", 5400.0), ("", nil), ("-5s", nil), ("5x", nil), ("s", nil), ("5 s", nil), ("1.2.3s", nil),
    ("inf", nil),
    ("٣s", nil),
  ])
  func durations(text: String, seconds: Double?) {
    #expect(YAMLQuantity.seconds(text) == seconds)
  }

  @Test(arguments: [
    ("prioritty", "priority"), ("Name", "name"), ("wehn", "when"), ("zebra", nil), ("nmae", "name"),
    ("x", nil),
  ])
  func theNearestSpelling(word: String, nearest: String?) {
    #expect(NearestSpelling.of(word, among: ["name", "when", "priority", "type"]) == nearest)
  }

  @Test func longListsOfProblemsAreCut() {
    let problems = (1...25).map { YAMLProblem(file: "f", line: $0, column: 1, path: "", reason: "bad") }
    let lines = DSLError(problems).message.split(separator: "\n")
    #expect(lines.count == 21)
    #expect(lines.last == "and 5 more")
  }
}
