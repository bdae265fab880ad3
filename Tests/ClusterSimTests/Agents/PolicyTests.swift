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

  static func brief(_ view: View = .globals) -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.episodes, settings.checkpoints, settings.view) = (64, 0, view)
    return settings
  }

  /// A learner with the view `memory` goes by what it saw: whatever else is changed, and whenever, it does the same.
  @Test func whatAMemoryHoldsWasSeen() throws {
    let configuration = ClusterConfiguration(.canonical, height: 8, width: 8)
    let trainer = try Trainer(configuration, Self.brief(.memory))
    while !trainer.isDone { try trainer.round() }
    let table = try EpisodeTable(configuration, keys: try KeySpace.validation.keys(count: 20))
    var policy = trainer.policy
    for i in 0..<20 { policy.begin(i, of: 20) }
    var seen = Array(repeating: Set<Int>(), count: 20)
    var actions: Set<UInt8> = []
    for _ in 0..<80 {
      for i in 0..<20 where !table.isOver(i) {
        let (cells, sight) = (table.batch.cells(i), table.sight(i))
        let view = (0..<9).map {
          (sight.row + $0 / 3 + 7) % 8 * 8 + (sight.column + $0 % 3 + 7) % 8
        }
        seen[i].formUnion(view)
        let kept = (0..<64).map { (cells.memory[$0], cells.critical[$0], cells.cpu[$0]) }
        for cell in 0..<64 where !view.contains(cell) {
          (cells.memory[cell], cells.cpu[cell]) = (32000, 3)
          // What a cell is for was seen with it, and does not change.
          if !seen[i].contains(cell) { cells.critical[cell] = -1 - cells.critical[cell] }
        }
        var copy = policy
        let blind = copy.act(i, sight)
        for cell in 0..<64 { (cells.memory[cell], cells.critical[cell], cells.cpu[cell]) = kept[cell] }
        let action = policy.act(i, sight)
        #expect(action == blind, "episode \(i), step \(sight.step)")
        actions.insert(action)
        _ = table.step(i, action)
      }
    }
    #expect(actions.count > 3 && seen.contains { $0.count > 9 })
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
