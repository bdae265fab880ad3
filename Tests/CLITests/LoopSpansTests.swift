import DSLBase
import Foundation
import Glibc
import Testing

/// Where the registry finds the files of the package.
enum Repository {
  static func path(_ relative: String) -> String { Shell.root.appendingPathComponent(relative).path }
}

/// The spans of a real loop with real agents, as they stand in `.dsl/telemetry/spans.jsonl`.
@Suite(.serialized) final class LoopSpansTests {
  private let shell: Shell
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let parent = "b7ad6b7169203331"
  private static let itemTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let itemParent = "00f067aa0ba902b7"

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  /// Runs some cycles below a trace of the caller's, with agents, one of whose items has a trace of its own.
  private func work() throws {
    try shell.makeQueue(
      """
      limits: {min_agents: 0, max_agents: 2}
      gates: {max_decisions_per_cycle: 2, cooldown: {up: 0s, down: 0s, other: 0s}}
      agents: {command: exec dsl agent run --heartbeat 0.25s --until-idle 0.5s --exec 'sleep 0.05'}

      """, items: 20)
    let item = #"{"id":"t","priority":90,"traceparent":"00-\#(Self.itemTrace)-\#(Self.itemParent)-01"}"#
    try #require(try shell("dsl work add '\(item)' '{\"id\":\"bad\"}'").status == 0)
    let loop = try Program(
      shell, "exec dsl auto loop --interval 0.3 --max-cycles 6",
      ["TRACEPARENT": "00-\(Self.trace)-\(Self.parent)-01"])
    try #require(try loop.end() == 0, "\(loop.err)")
    let idle = try Moment.wait { try shell.records("work_").isEmpty && shell.processes.isEmpty }
    try #require(idle, "the agents have worked it off and stopped")
  }

  @Test func spansAreWhatTheyAreDeclaredToBe() throws {
    try work()
    let expected = [
      "system_analysis", "decision_generation", "decision_execution", "scaling_decision", "cycle_complete",
    ].map { "swarmsh.autonomous.\($0)" }
    try shell.expectDeclaredSpans(including: expected + ["dsl.agent.work_item"])
    let spans = try shell.spans()

    // Parents are there, or are the ones that were handed in.
    func place(_ span: JSONValue, _ key: String) -> [String] {
      [span["traceId"]?.string ?? "", span[key]?.string ?? ""]
    }
    let known = Set(
      spans.map { place($0, "spanId") } + [[Self.trace, Self.parent], [Self.itemTrace, Self.itemParent]])
    #expect(Set(spans.map { place($0, "spanId") }).count == spans.count, "ids are unique")
    for span in spans where span["parentSpanId"] != nil {
      #expect(known.contains(place(span, "parentSpanId")), "\(span.text())")
    }
    let cycles = spans.filter { $0["name"] == "swarmsh.autonomous.cycle_complete" }
    #expect(cycles.count == 6)
    #expect(
      cycles.allSatisfy { place($0, "parentSpanId") == [Self.trace, Self.parent] },
      "the caller's trace goes on")
    let ofItem = spans.filter { $0["traceId"]?.string == Self.itemTrace }
    #expect(ofItem.map { $0["parentSpanId"]?.string } == [Self.itemParent], "and so does the item's")
  }

  @Test(
    .enabled(
      if: Shell.python(with: "opentelemetry.proto_json.trace.v1.trace") != nil,
      "ci/setup has not made .build/venv"))
  func theReferenceLibraryReadsThem() throws {
    try work()
    let python = try #require(Shell.python(with: "opentelemetry.proto_json.trace.v1.trace"))
    let check = Repository.path("Tests/TelemetryTests/OTLP/check.py")
    let outcome = try shell("'\(python)' '\(check)' < coordination/.dsl/telemetry/spans.jsonl")
    #expect(outcome.status == 0, "\(outcome.out)\(outcome.err)")
  }
}
