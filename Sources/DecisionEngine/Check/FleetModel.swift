package import DSLBase

/// What a fleet does between two cycles, as far as a check of a policy's closed loop needs it. Deterministic.
///
/// A cycle lasts 30 s. Agents that were asked for start after `startSeconds`; an agent holds one item and finishes it
/// after `itemCycles` cycles, leaving one telemetry record; `arrivals` items come each cycle. Scaling down drains idle
/// agents only. Decisions that do not scale change nothing here.
struct FleetModel {
  /// The conditions that stay the same throughout.
  struct Conditions: Hashable {
    var arrivals = 0
    var itemCycles = 1
    var startSeconds = 10.0
  }

  static let cycleSeconds = 30.0

  let conditions: Conditions
  private(set) var completed: Int
  private(set) var telemetry: Int
  private var pending: Int
  private var idle: Int
  /// Cycles that each held item still takes.
  private var held: [Int] = []
  /// When each agent that was asked for will be up.
  private var starting: [Double] = []

  init(_ start: CheckState, _ conditions: Conditions) {
    self.conditions = conditions
    completed = start.completed
    telemetry = start.telemetry
    pending = start.work
    idle = start.agents
    claim()
  }

  var agents: Int { idle + held.count }

  /// What a backend would see now.
  var state: CheckState {
    var state = CheckState(
      agents: agents, work: pending + held.count, completed: completed, telemetry: telemetry)
    state.asked = starting.count
    state.held = held.count
    return state
  }

  /// Carries out a scaling decision.
  mutating func scale(_ direction: ActionDirection, to target: Int, now: Double) {
    switch direction {
    case .up:
      let more = max(0, target - agents - starting.count)
      starting += Array(repeating: now + conditions.startSeconds, count: min(more, 1000))
    case .down: idle -= max(0, min(idle, agents - target))
    case .neutral: break
    }
  }

  /// Lets a cycle's time pass, up to `now`.
  mutating func advance(to now: Double) {
    let up = starting.count { $0 <= now }
    starting.removeAll { $0 <= now }
    idle += up
    held = held.map { $0 - 1 }
    let finished = held.count { $0 <= 0 }
    held.removeAll { $0 <= 0 }
    idle += finished
    completed += finished
    telemetry += finished
    pending += conditions.arrivals
    claim()
  }

  private mutating func claim() {
    let count = min(idle, pending)
    idle -= count
    pending -= count
    held += Array(repeating: conditions.itemCycles, count: count)
  }
}

/// One cycle of a closed loop, as a check tells it.
package struct LoopStep: Sendable, Equatable {
  package var cycle: Int
  package var agents: Int
  /// Agents that were asked for and are not up.
  package var starting: Int
  package var work: Int
  package var completed: Int
  package var telemetry: Int
  /// The score, 0…1.
  package var health: Double
  package var state: HealthState
  /// `rule` or `rule → target` of each decision that passed the gates.
  package var passed: [String]
  /// `rule: gate` of each decision that a gate held back.
  package var refused: [String]

  /// All fields.
  package var json: JSONValue {
    [
      "cycle": .int(cycle), "active_agents": .int(agents), "starting_agents": .int(starting),
      "work_queue_size": .int(work), "completed_count": .int(completed), "telemetry_volume": .int(telemetry),
      "health_score": .double(health), "health_state": .string(state.rawValue), "passed": .strings(passed),
      "refused": .strings(refused),
    ]
  }
}
