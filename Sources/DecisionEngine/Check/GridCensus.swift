import DSLBase

/// Counts what a policy does over a grid.
struct GridCensus {
  /// A number of states, with the smallest.
  struct Tally {
    var count = 0
    var smallest: CheckState?

    mutating func add(_ state: CheckState, times: Int = 1) {
      count += times
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

  private let machine: PolicyMachine
  /// States by health state, in the situation `counts`.
  private(set) var shares: [PolicyReport.Share]
  private(set) var silent: [Zone: Tally] = [:]
  private(set) var matched: [Int]
  /// Where each rule decides.
  private(set) var chosen: [Tally]
  /// The smallest state in which a rule is kept back, and by which rule.
  private(set) var superseded: [Int: (tally: Tally, by: Int)] = [:]
  private(set) var opposed: [Pair: Tally] = [:]
  private(set) var isSampleSilent = false
  private let directions: [ActionDirection]

  init(_ engine: DecisionEngine, _ grid: CheckGrid) {
    machine = PolicyMachine(engine)
    directions = engine.policy.rules.map { ActionDirection(of: $0.type) }
    matched = Array(repeating: 0, count: directions.count)
    chosen = Array(repeating: Tally(), count: directions.count)
    shares = HealthState.allCases.map {
      PolicyReport.Share(health: $0, states: 0, undecided: 0, silent: 0)
    }
    let machine = machine
    grid.forEach(signature: machine.signature) { note($0, $1) }
    machine.ask(.sample)
    isSampleSilent = machine.answer.chosen.isEmpty && machine.answer.silence == nil
  }

  private mutating func note(_ state: CheckState, _ situations: [CheckState.Situation]) {
    machine.ask(state)
    let health = machine.answer.state
    for rule in machine.answer.matched { matched[rule] += situations.count }
    for rule in machine.answer.chosen { chosen[rule].add(state, times: situations.count) }
    for entry in machine.answer.superseded {
      note(state, situations.count, superseded: entry.rule, by: entry.by)
    }
    let isUndecided = machine.answer.chosen.isEmpty
    let isSilent = isUndecided && machine.answer.silence == nil && health != .unknown
    if isSilent {
      for situation in situations {
        var state = state
        state.situation = situation
        silent[Zone(health: health, situation: situation), default: Tally()].add(state)
      }
    }
    guard situations.contains(.counts) else { return }
    shares[health.number].states += 1
    if isUndecided { shares[health.number].undecided += 1 }
    if isSilent { shares[health.number].silent += 1 }
  }

  private mutating func note(_ state: CheckState, _ times: Int, superseded rule: Int, by winner: Int) {
    var entry = superseded[rule] ?? (Tally(), winner)
    entry.tally.add(state, times: times)
    if entry.tally.smallest == state { entry.by = winner }
    superseded[rule] = entry
    guard directions[rule] != directions[winner] else { return }
    opposed[Pair(first: min(rule, winner), second: max(rule, winner)), default: Tally()].add(
      state, times: times)
  }
}
