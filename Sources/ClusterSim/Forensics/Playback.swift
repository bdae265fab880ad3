import CClusterSim
package import DSLBase

/// An episode that is played again from its key and actions, to any step of it.
package final class Playback {
  let configuration: ClusterConfiguration
  let table: EpisodeTable
  private let key: UInt64
  private let level: Int
  let actions: [UInt8]

  /// - Throws: ``DSLError`` for a configuration or level that is not valid.
  init(_ configuration: ClusterConfiguration, key: UInt64, level: Int, actions: [UInt8]) throws(DSLError) {
    (self.configuration, self.key, self.level, self.actions) = (configuration, key, level, actions)
    table = try EpisodeTable(configuration, keys: [key], level: level)
  }

  /// The episode of a black box.
  package convenience init(_ box: BlackBox) throws(DSLError) {
    try self.init(box.configuration, key: box.key, level: box.level, actions: box.actions)
  }

  var state: EpisodeState { table.batch.state(of: 0) }
  var digest: UInt64 { table.batch.digest(of: 0) }
  var step: Int { state.step }
  var isOver: Bool { table.isOver(0) }

  /// Starts again.
  func rewind() { table.start(0, key: key, level: level, survivals: 0) }

  /// Does the next recorded action.
  func advance() { _ = table.step(0, actions[step]) }

  /// Does another action than the recorded one.
  func act(_ action: UInt8) { _ = table.step(0, action & 7) }

  /// Goes to a step; backwards by starting again.
  func seek(to step: Int) {
    if step < self.step || isOver { rewind() }
    while self.step < step, !isOver { advance() }
  }

  /// Gives the noise from here on another key.
  func renew(noise: UInt64) { table.batch.states[0].noiseKey = noise }

  func memory(of cell: Int) -> Int { Int(table.batch.cells(0).memory[cell]) }
  func priority(of cell: Int) -> Int { Int(table.batch.cells(0).priority[cell]) }
  func isCritical(_ cell: Int) -> Bool { table.batch.cells(0).critical[cell] != 0 }

  /// Whether a cell is among the nine that the agent sees.
  func sees(_ cell: Int) -> Bool {
    let (h, w) = (configuration.height, configuration.width)
    let (rows, columns) = (abs(cell / w - state.row), abs(cell % w - state.column))
    return min(rows, h - rows) <= 1 && min(columns, w - columns) <= 1
  }

  /// One point of an episode's curve.
  package struct Point: Sendable, Hashable {
    package var step: Int
    /// So far, in points.
    package var reward: Double
    package var budget: Double
    /// Shares from 0 to 1.
    package var meanCPU, meanMemory, risk, hot: Double
    package var ooms: Int

    package var json: JSONValue {
      [
        "step": .int(step), "reward": .double(reward), "budget": .double(budget),
        "mean_cpu": .double(meanCPU),
        "mean_memory": .double(meanMemory), "risk": .double(risk), "hot_share": .double(hot),
        "ooms": .int(ooms),
      ]
    }
  }

  var point: Point {
    let (s, cells) = (state, Double(configuration.cellCount))
    func share(_ x: some BinaryInteger, _ of: Double) -> Double {
      (Double(x) / of * 10_000).rounded() / 10_000
    }
    return Point(
      step: s.step, reward: Double(s.reward) / 1000, budget: Double(s.budget) / 1000,
      meanCPU: share(s.sums.cpu, 32768 * cells), meanMemory: share(s.sums.memory, 32768 * cells),
      risk: share(s.sums.worst_critical, 32768), hot: share(s.sums.hot, cells), ooms: s.ooms)
  }

  /// The episode at its start, every so many steps, and at its end.
  package func curve(every: Int) -> [Point] {
    rewind()
    var points = [point]
    while step < actions.count, !isOver {
      advance()
      if step % max(every, 1) == 0 || step == actions.count { points.append(point) }
    }
    return points
  }
}
