import DSLBase
import Testing

@testable import DecisionEngine

/// Every finding that has a state can be derived again from its document, and a document that was changed cannot.
@Suite struct PolicyTraceTests {
  private static let original = Result {
    PolicyCheck.run(DecisionEngine(policy: try Policy.dslmodel), grid: small)
  }

  private static var small: CheckGrid {
    var grid = CheckGrid()
    (grid.work, grid.completed, grid.telemetry, grid.situations) = (0...9, 0...3, 0...4, [.usual, .starting])
    return grid
  }

  private let engine: DecisionEngine
  private let gates = GateSettings()

  init() throws { engine = DecisionEngine(policy: try Policy.dslmodel) }

  private func document(_ id: String) throws -> JSONValue {
    let finding = try #require(try Self.original.get().findings.first { $0.id == id })
    let proof = try #require(finding.proof)
    return proof.document(of: finding, engine, gates: gates, settings: [:], hash: "h")
  }

  private func replay(_ document: JSONValue) throws -> PolicyTrace.Outcome {
    let read = try JSONParser.parse(document.text(.pretty))
    return try PolicyTrace.Recorded(read).replay(engine, gates: gates)
  }

  @Test(arguments: ["dead_zone-1", "dead_zone-2", "runaway-1", "runaway-2"])
  func whatWasFoundIsFoundAgain(id: String) throws {
    let document = try document(id)
    let outcome = try replay(document)
    #expect(outcome.difference == nil && outcome.isConfirmed && outcome.isEqual)
    #expect(outcome.cycles == document["cycles"]?.array?.count)
    #expect(id.hasPrefix("dead_zone") == (outcome.decisions == 0))
    #expect(document["policy"]?["text"]?.string == engine.policy.source)
  }

  @Test func theIdleRunawayEndsWhereItIsTold() throws {
    let document = try document("runaway-1")
    let observed = document["cycles"]?.array?.map { $0["observation"]?["metrics"]?["active_agents"]?.int }
    #expect(observed == Array(2...13))
    #expect(document["start"]?["active_agents"]?.int == 2)
  }

  @Test func theFirstChangedFieldIsNamed() throws {
    var document = try #require(try document("runaway-1").object)
    var cycles = try #require(document["cycles"]?.array)
    var cycle = try #require(cycles[4].object)
    var decisions = try #require(cycle["decisions"]?.array)
    var decision = try #require(decisions[0].object)
    decision["parameters"] = ["target_agents": 70]
    decisions[0] = .object(decision)
    cycle["decisions"] = .array(decisions)
    cycles[4] = .object(cycle)
    document["cycles"] = .array(cycles)
    let outcome = try replay(.object(document))
    #expect(outcome.difference?.field == "cycles[4].decisions[0].parameters.target_agents")
    #expect(outcome.difference?.recorded == 70 && outcome.difference?.derived == 7)
    #expect(outcome.isConfirmed && !outcome.isEqual)
  }

  @Test func anotherPolicyDoesNotConfirm() throws {
    let document = try document("runaway-1")
    let other = DecisionEngine(policy: try Policy.default)
    let outcome = try PolicyTrace.Recorded(document).replay(other, gates: gates)
    #expect(!outcome.isConfirmed && outcome.difference?.field.hasPrefix("cycles[0].decisions[0]") == true)
  }

  @Test func aDocumentThatIsNoneSaysWhy() throws {
    var document = try #require(try document("runaway-1").object)
    document["start"] = ["active_agents": "two"]
    let error = #expect(throws: DSLError.self) { try PolicyTrace.Recorded(.object(document)) }
    #expect(error?.message == "state of the trace: member \"active_agents\" is not an integer")
    document["format"] = "dsl-policy-trace/9"
    #expect(throws: DSLError.self) { try PolicyTrace.Recorded(.object(document)) }
    #expect(throws: DSLError.self) { try PolicyTrace.Recorded([]) }
  }

  @Test func aSmallerStartDoesNotShowTheRunaway() throws {
    let finding = try #require(try Self.original.get().findings.first { $0.id == "runaway-2" })
    let proof = try #require(finding.proof)
    let conditions = try #require(proof.conditions)
    let loop = ClosedLoop(engine, gates: gates)
    for count in [\CheckState.agents, \.work, \.completed, \.telemetry] where proof.start[keyPath: count] > 0
    {
      var smaller = proof.start
      smaller[keyPath: count] -= 1
      let long = loop.run(smaller, conditions, cycles: LoopSearch.longHorizon)
      let short = loop.run(smaller, conditions, cycles: LoopSearch.horizon)
      #expect(!(long.isBacklogGrowing(10) && short.isBacklogGrowing(10)), "\(smaller.text)")
    }
  }
}
