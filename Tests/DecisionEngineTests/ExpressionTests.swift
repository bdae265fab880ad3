import DSLBase
import Testing

@testable import DecisionEngine

@Suite struct ExpressionTests {
  private let names = ["a": 3.0, "b": 4.0, "zero": 0.0]

  @Test(arguments: [
    ("1 + 2 * 3", 7.0), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("16 / 4 / 2", 2), ("-a + b", 1), ("--2", 2),
    ("2 * -3", -6), ("min(a, b, 1)", 1), ("max(a, b)", 4), ("clamp(12, a, b)", 4), ("clamp(1, a, b)", 3),
    ("ceil(a / 2)", 2), ("floor(a / 2)", 1), ("round(2.5)", 3), ("abs(a - b)", 1), ("ratio(a, b)", 0.75),
    ("ratio(a, zero)", 0), ("known(c, 5)", 5), ("known(a, 5)", 3), ("a / zero", nil), ("c + 1", nil),
    ("min(a, c)", nil), ("1.5e3", 1500), ("1e308 * 10", nil), ("known(1 / 0, 2)", 2),
  ])
  func values(text: String, value: Double?) throws {
    #expect(try ExpressionParser.parse(text).value { names[$0] } == value)
  }

  @Test(arguments: [
    ("", "expected a number or a name, found end", 0), ("1 +", "expected a number or a name, found end", 3),
    ("(1", #"expected ")", found end"#, 2), ("1 2", #"unexpected "2""#, 2),
    ("1..2", #""1..2" is not a number"#, 0),
    ("mix(1, 2)", #"unknown function "mix", did you mean "min"?"#, 0),
    ("1 + ceil(1, 2)", "ceil takes 1 values, not 2", 4), ("min(1)", "min takes 2 to 8 values, not 1", 0),
    ("min(1; 2)", #"expected ")" or ",", found ";""#, 5), ("a > 1", #"unexpected ">""#, 2),
    ("ä", #"expected a number or a name, found "ä""#, 0),
  ])
  func errorsHaveAPlace(text: String, reason: String, offset: Int) {
    #expect(throws: ExpressionError(reason: reason, offset: offset)) { try ExpressionParser.parse(text) }
  }

  @Test func depthAndLengthAreBounded() {
    let deep = String(repeating: "(", count: 200) + "1" + String(repeating: ")", count: 200)
    #expect(throws: ExpressionError(reason: "nested deeper than 50", offset: 50)) {
      try ExpressionParser.parse(deep)
    }
    #expect(throws: ExpressionError.self) {
      try ExpressionParser.parse(String(repeating: "1+", count: 300) + "1")
    }
    #expect(throws: ExpressionError.self) {
      try ExpressionParser.parse(String(repeating: "-", count: 100) + "1")
    }
  }

  @Test func templates() throws {
    let template = try Template("{{x}} {a} of {b}{c}")
    #expect(template.names == ["a", "b", "c"])
    #expect(template.filled { $0 == "c" ? "unknown" : "<\($0)>" } == "{x} <a> of <b>unknown")
    #expect(throws: ExpressionError(reason: "\"{\" is not closed", offset: 2)) { try Template("a {b") }
    #expect(throws: ExpressionError(reason: "\"{}\" names nothing", offset: 0)) { try Template("{}") }
    #expect(throws: ExpressionError.self) { try Template("a } b") }
  }
}
