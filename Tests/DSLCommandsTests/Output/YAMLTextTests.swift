import DSLBase
import Testing

@testable import DSLCommands

@Suite struct YAMLTextTests {
  @Test func nestedValuesReadBackAsTheyWere() throws {
    let value: JSONValue = [
      "name": "plain text", "yes": "no", "number": 9_007_199_254_740_993, "share": 0.5,
      "none": JSONValue.null,
      "empty": [], "emptier": [:], "lines": "a\nb", "date": "2026-11-21", "colon": "a: b", "dash": "- x",
      "list": [1, "two", ["three", ["deep": [["x": 1, "y": [2]], "z"]]]],
      "map": ["a": ["b": ["c": true]]], "": "empty key", "tab": "\t", "trail": "x ", "hash": "a #b", "é": "ü",
    ]
    let text = YAMLText.of(value)
    let node = try #require(try YAMLNode.document(in: text, file: "out.yaml"))
    #expect(node.json == value, "\(text)")
  }

  @Test func aScalarIsADocument() { #expect(YAMLText.of("x") == "x\n") }
}
