import DSLBase

/// What a check looks at: every combination of these counts, in every situation, and closed loops under these loads.
package struct CheckGrid: Sendable, Equatable {
  package var agents: ClosedRange<Int> = 0...10
  package var work: ClosedRange<Int> = 0...30
  package var completed: ClosedRange<Int> = 0...30
  /// In steps of 4.
  package var telemetry: ClosedRange<Int> = 0...24
  package var situations: [CheckState.Situation] = CheckState.Situation.allCases
  /// Items that arrive each cycle of a closed loop, lightest load first; without any, no loop is run.
  package var arrivals = [0, 1, 2, 4, 7]

  /// The documented grid of 73,997 states (11 × 31 × 31 × 7) in each situation.
  package static let documented = CheckGrid()

  package init() {}

  /// States in one situation.
  package var count: Int { agents.count * work.count * completed.count * telemetrySteps.count }

  private var telemetrySteps: [Int] {
    Array(stride(from: telemetry.lowerBound, through: telemetry.upperBound, by: 4))
  }

  /// Visits every state of one situation in a fixed order.
  package func forEach(_ situation: CheckState.Situation, _ body: (CheckState) -> Void) {
    let steps = telemetrySteps
    for agents in agents {
      for work in work {
        for completed in completed {
          for telemetry in steps {
            body(
              CheckState(
                agents: agents, work: work, completed: completed, telemetry: telemetry, situation: situation))
          }
        }
      }
    }
  }
}

/// Counts what a policy does over a grid.
struct GridCensus {
  /// A number of states, with the smallest.
  struct Tally {
    var count = 0
    var smallest: CheckState?

    mutating func add(_ state: CheckState) {
      count += 1
      if let smallest, !CheckState.isSmaller(state, than: smallest) { return }
      smallest = state
    }
  }

  struct Zone: Hashable {
    var health: HealthState
    var situation: CheckState.Situation
  }

  struct Pair: Hashable {
    var first: Int
    var second: Int
  }

  private var machine: PolicyMachine
  /// States by health state, in the situation `counts`.
  private(set) var shares: [HealthState: PolicyReport.Share] = [:]
  private(set) var silent: [Zone: Tally] = [:]
  private(set) var matched: [Int]
  private(set) var chosen: [Int]
  /// The smallest state in which a rule is kept back, and by which rule.
  private(set) var superseded: [Int: (tally: Tally, by: Int)] = [:]
  private(set) var opposed: [Pair: Tally] = [:]
  private(set) var isSampleSilent = false
  private let directions: [ActionDirection]

  init(_ engine: DecisionEngine, _ grid: CheckGrid) {
    machine = PolicyMachine(engine)
    directions = engine.policy.rules.map { ActionDirection(of: $0.type) }
    matched = Array(repeating: 0, count: directions.count)
    chosen = matched
    for situation in grid.situations {
      grid.forEach(situation) { note($0) }
    }
    machine.ask(.sample)
    isSampleSilent = machine.answer.chosen.isEmpty && machine.answer.silence == nil
  }

  private mutating func note(_ state: CheckState) {
    machine.ask(state)
    let health = machine.answer.state
    for rule in machine.answer.matched { matched[rule] += 1 }
    for rule in machine.answer.chosen { chosen[rule] += 1 }
    for entry in machine.answer.superseded { note(state, superseded: entry.rule, by: entry.by) }
    let isUndecided = machine.answer.chosen.isEmpty
    let isSilent = isUndecided && machine.answer.silence == nil && health != .unknown
    if isSilent { silent[Zone(health: health, situation: state.situation), default: Tally()].add(state) }
    guard state.situation == .counts else { return }
    var share =
      shares[health] ?? PolicyReport.Share(health: health, states: 0, undecided: 0, silent: 0)
    share.states += 1
    if isUndecided { share.undecided += 1 }
    if isSilent { share.silent += 1 }
    shares[health] = share
  }

  private mutating func note(_ state: CheckState, superseded rule: Int, by winner: Int) {
    var entry = superseded[rule] ?? (Tally(), winner)
    entry.tally.add(state)
    if entry.tally.smallest == state { entry.by = winner }
    superseded[rule] = entry
    guard directions[rule] != directions[winner] else { return }
    opposed[Pair(first: min(rule, winner), second: max(rule, winner)), default: Tally()].add(state)
  }
}
