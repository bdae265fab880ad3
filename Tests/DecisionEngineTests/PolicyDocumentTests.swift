import DSLBase
import FoundationEssentials
import Testing

@testable import DecisionEngine

/// `docs/policies.md` is true to the code: its examples work, its tables are complete.
@Suite struct PolicyDocumentTests {
  private let text: String

  init() throws {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    text = try String(contentsOfFile: root + "/docs/policies.md", encoding: .utf8)
  }

  /// The text of the fenced block with that label.
  private func block(_ label: String) throws -> String {
    let rest = try #require(text.split(separator: "```yaml \(label)\n", maxSplits: 1).last)
    return String(try #require(rest.split(separator: "\n```", maxSplits: 1).first))
  }

  @Test func thePolicyDoesWhatItSays() throws {
    let engine = DecisionEngine(policy: try Policy(yaml: try block("policy"), file: "night-shift.yaml"))
    #expect(engine.decide(Fleet(idle: 2, pending: 20, telemetry: 0)).summary == ["scale_up p7 ->4"])
    let quiet = engine.decide(Fleet(idle: 2, pending: 10, telemetry: 0))
    #expect(quiet.silence == "health is 0.12 (critical): the queue of 10 items is short enough")
  }

  @Test func theScoreIsRead() throws {
    let node = try #require(try YAMLNode.document(in: try block("health"), file: "dsl.yaml"))
    let reader = YAMLReader(file: "dsl.yaml")
    let model = try #require(HealthModel.read(node, reader))
    #expect(model.terms[2] == HealthModel.Term(.workQueueSize, weight: 0.2, shape: .inverse(at: 5)))
    #expect(model.terms.count == 4)
  }

  @Test func everyNameAndFunctionIsListed() {
    for entry in MetricCatalog.standard.entries {
      #expect(text.contains("| `\(entry.name)` | \(entry.unit) | \(entry.meaning) |"))
    }
    for name in Scope.builtIn.map(\.name) { #expect(text.contains("`\(name)`"), "\(name)") }
    for function in Expression.Function.allCases {
      #expect(text.contains("`\(function.rawValue)("), "\(function)")
    }
    for comparison in Condition.Comparison.allCases { #expect(text.contains("`\(comparison.rawValue)`")) }
    for type in DecisionType.all { #expect(text.contains("`\(type)`")) }
    let gates = GateName.allCases.map { "`\($0.rawValue)`" }
    #expect(text.replacing("\n   ", with: " ").contains(gates.joined(separator: ", ")))
  }
}
