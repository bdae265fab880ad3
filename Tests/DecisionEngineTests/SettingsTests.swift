import Testing

@testable import DecisionEngine

@Suite struct SettingsTests {
  @Test func limitsHoldTogether() {
    #expect(FleetLimits(minAgents: 5, maxAgents: 2).maxAgents == 5)
    #expect(FleetLimits(minAgents: -1).minAgents == 0)
    #expect(FleetLimits(scaleFactor: .nan).scaleFactor == 1)
    #expect(FleetLimits(scaleFactor: -3).scaleFactor == 0.01)
  }
}
