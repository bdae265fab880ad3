import DSLBase

/// What a fleet does between two cycles, as far as a check of a policy's closed loop needs it. Deterministic;
/// `assumptions` says what it leaves out.
struct FleetModel {
  /// What comes from outside throughout a run.
  struct Conditions: Sendable, Hashable {
    /// Items that come each cycle.
    var arrivals = 0
    /// Items that come each cycle from cycle `stepCycle` on; `nil` when nothing changes.
    var later: Int?
    /// Cycles that an item takes an agent.
    var itemCycles = 1
    /// Seconds from asking for an agent until it is up.
    var startSeconds = 10.0

    static let stepCycle = 20

    func arrivals(in cycle: Int) -> Int { cycle < Self.stepCycle ? arrivals : later ?? arrivals }

    /// Items that come each cycle in the end.
    var lastArrivals: Int { later ?? arrivals }
  }

  static let cycleSeconds = 30.0

  /// What a reader must know to judge what is found, and what is not.
  static let assumptions = [
    "a cycle lasts 30 s; all agents are alike, and none fails, stops by itself or becomes stale",
    "an agent that was asked for is up 10 s or 90 s later; nothing but the policy holds it to max_agents",
    "an agent holds one item at a time and finishes it after 1 or 3 cycles, without an error, leaving one telemetry "
      + "record; completed items and telemetry records stay",
    "0, 1, 2, 4 or 7 items come each cycle, all along or changing once after 20 cycles",
    "scaling down takes idle agents only; decisions that do not scale change nothing",
    "every observation is complete and fresh, so that rules have the confidence written in them; nobody approves, "
      + "pauses or acts beside the policy",
  ]

  let conditions: Conditions
  private(set) var completed: Int
  private(set) var telemetry: Int
  private var pending: Int
  private var idle: Int
  /// Cycles that each held item still takes.
  private var held: [Int] = []
  /// When each agent that was asked for will be up.
  private var starting: [Double] = []
  private var cycle = 0

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
  mutating func scale(_ direction: ActionDirection, to target: Int) {
    let now = Double(cycle) * Self.cycleSeconds
    switch direction {
    case .up:
      let more = max(0, target - agents - starting.count)
      starting += Array(repeating: now + conditions.startSeconds, count: min(more, 1000))
    case .down: idle -= max(0, min(idle, agents - target))
    case .neutral: break
    }
  }

  /// Takes the number of telemetry records from elsewhere.
  mutating func observe(telemetry count: Int) { telemetry = count }

  /// Lets a cycle's time pass.
  ///
  /// - Parameter arrivals: items that come, where that is not as the conditions say.
  mutating func advance(arrivals: Int? = nil) {
    let coming = arrivals ?? conditions.arrivals(in: cycle)
    cycle += 1
    let now = Double(cycle) * Self.cycleSeconds
    if !starting.isEmpty {
      idle += starting.count { $0 <= now }
      starting.removeAll { $0 <= now }
    }
    if !held.isEmpty {
      let before = held.count
      held = held.compactMap { $0 > 1 ? $0 - 1 : nil }
      let finished = before - held.count
      idle += finished
      completed += finished
      telemetry += finished
    }
    pending += coming
    claim()
  }

  private mutating func claim() {
    let count = min(idle, pending)
    guard count > 0 else { return }
    idle -= count
    pending -= count
    held += Array(repeating: conditions.itemCycles, count: count)
  }
}

extension FleetModel.Conditions {
  /// All fields.
  var json: JSONValue {
    [
      "cycle_s": .double(FleetModel.cycleSeconds), "arrivals": .int(arrivals),
      "later_arrivals": later.map { .int($0) } ?? .null, "later_from_cycle": .int(Self.stepCycle),
      "item_cycles": .int(itemCycles), "start_s": .double(startSeconds),
    ]
  }

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "model of the trace")
    self.init()
    arrivals = max(0, try fields.int("arrivals"))
    later = fields["later_arrivals"]?.int.map { max(0, $0) }
    itemCycles = max(1, try fields.int("item_cycles"))
    startSeconds = try fields.double("start_s")
  }

  /// `no work at all, agents up 10 s after they were asked for, items of 1 cycle`.
  func text(work: Int) -> String {
    let load: String
    if let later {
      load = "\(arrivals) and from cycle \(Self.stepCycle) on \(later) new items a cycle"
    } else {
      load =
        arrivals == 0
        ? (work == 0 ? "no work at all" : "no new work")
        : "\(arrivals) new item\(arrivals == 1 ? "" : "s") a cycle"
    }
    return load + ", agents up \(NumberText.short(startSeconds)) s after they were asked for, "
      + "items of \(itemCycles) cycle\(itemCycles == 1 ? "" : "s")"
  }
}
