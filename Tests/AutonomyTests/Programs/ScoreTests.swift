import DSLBase
import DecisionEngine
import Testing

@testable import Autonomy

/// The score program's share of the score, and what becomes of the score without it.
@Suite struct ScoreTests {
  private func scored(
    _ script: String, weight: Double = 1, in world: ProgramWorld
  ) async -> (Observation, HealthModel) {
    var settings = ProgramSettings()
    settings.score = .init(program: world.script(script, name: "score"))
    settings.score?.weight = weight
    let programs = world.programs(settings)
    let observation = await programs.scored(ProgramWorld.observation, .standard)
    return (observation, programs.effective(.standard, observation))
  }

  private func answer(_ score: String) -> String { "echo '{\"dsl\":\"score/v1\",\"score\":\(score)}'" }

  @Test func itReplacesTheTermsOrHasAShare() async throws {
    let world = try ProgramWorld()
    let own = try #require(ProgramWorld.observation.metrics.healthScore)
    let (whole, _) = await scored(answer("0.875"), in: world)
    #expect(whole.metrics.healthScore == 0.875 && whole.metrics.healthState == .healthy)
    let (half, model) = await scored(answer("0.875"), weight: 0.5, in: world)
    let score = try #require(half.metrics.healthScore)
    #expect(abs(score - (own + 0.875) / 2) < 1e-12)
    #expect(half.metrics[.programScore] == 0.875)
    #expect(half.evidence.last == SourceEvidence(source: "program score", status: .fresh, records: 1))
    // What is journaled is enough to score again, bit for bit.
    var settings = SettingCatalog.json(Settings()).object ?? [:]
    settings["health"] = model.json
    let journaled = try JSONParser.parse(JSONValue.object(settings).text())
    let replayed = try JournaledConditions(settings: journaled).health.assess(
      try Observation(json: try JSONParser.parse(half.json.text())))
    #expect(replayed == half)
  }

  @Test(arguments: [("1.5", 1.0), ("-3", 0.0)]) func itIsHeldWithinItsRange(said: String, taken: Double)
    async throws
  {
    let world = try ProgramWorld()
    let (observation, _) = await scored(answer(said), in: world)
    #expect(observation.metrics.healthScore == taken)
    #expect(observation.evidence.last?.notes.first?.contains("is not within 0 and 1") == true)
  }

  @Test func aFailureLeavesTheConfiguredScoreAndMissingEvidence() async throws {
    let world = try ProgramWorld()
    let (observation, model) = await scored("echo '{\"dsl\":\"score/v1\",\"score\":\"good\"}'", in: world)
    #expect(observation.metrics == ProgramWorld.observation.metrics)
    #expect(model == .standard)
    #expect(
      observation.evidence == [
        SourceEvidence(
          source: "program score", status: .missing,
          notes: ["score: expected a number, found string \"good\""])
      ])
  }
}
