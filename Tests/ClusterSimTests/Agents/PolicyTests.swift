import DSLBase
import Testing

@testable import ClusterSim

@Suite struct PolicyTests {
  static let all: [any Policy] = [RandomPolicy(), ThresholdPolicy(), HeuristicPolicy(), OraclePolicy()]

  /// What a policy does in an episode depends on nothing that is played beside it.
  @Test func episodesDoNotDependOnTheirNeighbours() throws {
    let configuration = ClusterConfiguration(.storm, height: 5, width: 7)
    let keys = try KeySpace.validation.keys(count: 68)
    let runner = EpisodeRunner(configuration)
    for policy in Self.all {
      let together = try runner.run(policy, keys: keys)
      let reversed = try runner.run(policy, keys: keys.reversed())
      #expect(together == Array(reversed.reversed()), "\(policy.name)")
      for i in [0, 67] {
        #expect(try runner.run(policy, keys: [keys[i]]) == [together[i]], "\(policy.name)")
      }
    }
  }

  @Test func randomActionsAreUniformAndHaveASeed() throws {
    let keys = try KeySpace.validation.keys(count: 100)
    let first = try EpisodeRunner(ClusterConfiguration()).run(RandomPolicy(), keys: keys)
    let counts = (0..<8).map { action in first.reduce(0) { $0 + $1.actions[action] } }
    let total = counts.reduce(0, +)
    for count in counts { #expect(abs(8 * Double(count) / Double(total) - 1) < 0.05, "\(counts)") }
    #expect(try EpisodeRunner(ClusterConfiguration()).run(RandomPolicy(seed: 1), keys: keys) != first)
  }

  /// The observation is all that the heuristic, the threshold rule and a learner with the view `globals` go by: what lies out of view may be
  /// anything.
  @Test func whatIsOutOfViewChangesNothing() throws {
    let configuration = ClusterConfiguration(.canonical, height: 8, width: 8)
    let trainer = try Trainer(configuration, Self.brief())
    while !trainer.isDone { try trainer.round() }
    var policies: [any Policy] = [HeuristicPolicy(), ThresholdPolicy(), trainer.policy]
    let table = try EpisodeTable(configuration, keys: try KeySpace.validation.keys(count: 40))
    for p in policies.indices { for i in 0..<40 { policies[p].begin(i, of: 40) } }
    for i in 0..<40 {
      let before = policies.indices.map { policies[$0].act(i, table.sight(i)) }
      let (row, column) = (table.sight(i).row, table.sight(i).column)
      for cell in 0..<64 {
        let (rows, columns) = (abs(cell / 8 - row), abs(cell % 8 - column))
        guard min(rows, 8 - rows) > 1 || min(columns, 8 - columns) > 1 else { continue }
        table.batch.cells(i).memory[cell] = 32000
        table.batch.cells(i).critical[cell] = -1
      }
      for p in policies.indices { policies[p].begin(i, of: 40) }
      #expect(policies.indices.map { policies[$0].act(i, table.sight(i)) } == before)
    }
  }

  static func brief() -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.episodes, settings.checkpoints) = (64, 0)
    return settings
  }

  /// Who knows more lasts longer, and the published claims about random and heuristic hold within what 400 episodes can tell.
  @Test func theBaselinesAreOrdered() throws {
    let keys = try KeySpace.validation.keys(seed: 1, count: 400)
    let runs = try Self.all.map {
      EpisodeSummary([try EpisodeRunner(ClusterConfiguration()).run($0, keys: keys)])
    }
    let (random, threshold, heuristic, oracle) = (runs[0], runs[1], runs[2], runs[3])
    #expect(random.reward.high < threshold.reward.low && threshold.reward.high < heuristic.reward.low)
    #expect(heuristic.reward.high < oracle.reward.low && oracle.failures.high < 0.012)
    #expect(abs(random.steps.mean - 312.4) < 25 && abs(heuristic.steps.mean - 456.8) < 25)
    #expect(abs(random.failures.mean - 0.68) < 0.07 && abs(heuristic.failures.mean - 0.12) < 0.07)
  }
}
