import DSLBase
import Testing

@Suite struct YAMLNodeTests {
  private func message(_ text: String, limits: YAMLLimits = YAMLLimits()) -> String? {
    do {
      _ = try YAMLNode.document(in: text, file: "f.yaml", limits: limits)
      return nil
    } catch let error as DSLError {
      #expect(error.code == .invalidInput)
      return error.message
    } catch { return "\(error)" }
  }

  @Test func nodesKnowWhereTheyStand() throws {
    let text = """
      # a comment
      rules:
        - name: first
        - name: second
          when:
            "odd key": [1, 2]
      """
    let root = try #require(try YAMLNode.document(in: text, file: "f.yaml"))
    #expect(root.path == "")
    let rules = try #require(root["rules"])
    guard case .sequence(let elements) = rules.content else { throw DSLError(.internalError, "not a list") }
    let when = try #require(elements[1]["when"])
    #expect((when.line, when.column, when.path) == (6, 7, "rules[1].when"))
    let odd = try #require(when["odd key"])
    #expect((odd.line, odd.column, odd.path) == (6, 18, #"rules[1].when."odd key""#))
  }

  @Test func jsonKeepsNumberLiterals() throws {
    let text = """
      big: 9007199254740993
      price: 1.10
      hex: 0x1F
      octal: 0o17
      plus: +5
      point: .5
      infinite: .inf
      quoted: "5"
      tagged: !!str 5
      yes: on
      truth: [true, False, null, ~]
      date: 2026-11-21
      block: |
        two
        lines
      """
    let root = try #require(try YAMLNode.document(in: text, file: "f.yaml"))
    #expect(
      root.json.text()
        == #"{"big":9007199254740993,"price":1.10,"hex":31,"octal":15,"plus":5,"point":0.5,"#
        + #""infinite":".inf","quoted":"5","tagged":"5","yes":"on","truth":[true,false,null,null],"#
        + #""date":"2026-11-21","block":"two\nlines"}"#)
  }

  @Test func severalDocuments() throws {
    let text = "a: 1\n---\n---\nb: 2\n...\n"
    let documents = try YAMLNode.documents(in: text, file: "f.yaml")
    #expect(documents.map { $0.json.text() } == [#"{"a":1}"#, #"{"b":2}"#])
    #expect(message(text) == "f.yaml:4:1: a second document begins here, one is expected")
    #expect(message("# nothing\n") == nil)
    #expect(try YAMLNode.document(in: "# nothing\n", file: "f.yaml") == nil)
  }

  @Test func anchorsAndMergeKeysAreWrittenOut() throws {
    let text = """
      base: &base {a: 1, b: 2}
      other: &other {b: 3, c: 4}
      one: {<<: *base, b: 9}
      two: {<<: [*base, *other]}
      """
    let root = try #require(try YAMLNode.document(in: text, file: "f.yaml"))
    #expect(root["one"]?.json.text() == #"{"b":9,"a":1}"#)
    #expect(root["two"]?.json.text() == #"{"a":1,"b":2,"c":4}"#)
    #expect(message("a: {<<: 5}") == "f.yaml:1:9: a.<<: \"<<\" takes a mapping")
  }

  @Test func errorsNameThePlace() {
    #expect(message("a: 1\nb: [1, 2\nc: 3\n")?.hasPrefix("f.yaml:3:2: not YAML: ") == true)
    #expect(message("a: 1\nb: 2\na: 3\n") == "f.yaml:1:1: duplicate key \"a\"")
    #expect(message("a: 1\n\"a\": 3\n")?.contains("duplicate key \"a\"") == true)
    #expect(message("a:\n  - *nowhere\n")?.hasPrefix("f.yaml:2:5: not YAML: found undefined alias") == true)
    #expect(message("? [a, b]\n: 1\n") == "f.yaml:1:3: a key must be a plain word, not a list or mapping")
    #expect(message("a: \u{0}\n")?.hasPrefix("f.yaml:1:") == true)
    #expect(message("a: 1\nb: \u{7}\n")?.hasPrefix("f.yaml:2:1: not YAML: control characters") == true)
    #expect(message("a:\n\t- b\n")?.hasPrefix("f.yaml:2:1: not YAML: ") == true)
  }

  @Test func sizeDepthAndCountAreBounded() {
    #expect(
      message("a: 1234", limits: YAMLLimits(bytes: 6))
        == "f.yaml:1:1: the text has 7 bytes, at most 6 are read")
    let flow = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
    #expect(message(flow)?.hasSuffix("nested deeper than 64") == true)
    #expect(message(String(repeating: "- ", count: 900) + "x")?.hasSuffix("nested deeper than 64") == true)
    #expect(message(String(repeating: "[", count: 100_000))?.contains("Maximum nesting level") == true)
    #expect(message("[1, 2, 3]", limits: YAMLLimits(nodes: 3))?.contains("more than 3 values") == true)
    let many = String(repeating: "--- a\n", count: 4)
    #expect(message(many, limits: YAMLLimits(documents: 3))?.hasSuffix("more than 3 documents") == true)
  }

  @Test func billionLaughsAreBounded() {
    var text = "l0: &l0 [lol, lol]\n"
    for level in 1...40 { text += "l\(level): &l\(level) [*l\(level - 1), *l\(level - 1)]\n" }
    #expect(message(text)?.contains("more than 200000 values once aliases are written out") == true)
    #expect(message(text + "*l40 : x\n") == "f.yaml:42:1: an alias may not be part of a key")
    #expect(message(text + "? *l40\n: x\n") == "f.yaml:42:1: an alias may not be part of a key")
    #expect(message(text + "[*l40]: x\n") == "f.yaml:42:1: an alias may not be part of a key")
    #expect(message(text + "{a: *l40} : x\n") == "f.yaml:42:1: an alias may not be part of a key")
  }
}
