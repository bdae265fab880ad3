package import DSLBase

/// The record of an episode that a failure is examined with: self-describing, a few kilobytes, hashed.
///
/// It holds what the episode can be done again from (constants, key, level, actions), half of the digest of every state to find the
/// first step that differs, and for people what happened and how the last steps looked.
package struct BlackBox: Sendable, Hashable {
  /// The first member of the file.
  package static let format = "resonetics.blackbox/1"
  /// Steps before the end of which the situation is written down.
  static let tailSteps = 50

  /// A cell that ran out of memory.
  package struct Incident: Sendable, Hashable {
    /// The step that it happened in, counted from 1.
    package var step: Int
    package var row: Int
    package var column: Int
    package var isCritical: Bool

    package var json: JSONValue {
      ["step": .int(step), "node": [.int(row), .int(column)], "critical": .bool(isCritical)]
    }
  }

  /// What the agent saw and did in one of the last steps.
  struct Moment: Sendable, Hashable {
    /// Steps done before it.
    var step: Int
    var row, column: Int
    var action: UInt8
    /// In points.
    var budget: Double
    /// Shares from 0 to 1.
    var ownMemory, risk, hot: Double
  }

  package var configuration: ClusterConfiguration
  package var policy: String
  /// SHA-256 of the values of a learned policy, or of the text of an engine's.
  package var policyDigest: String?
  package var key: UInt64
  package var level: Int
  package var actions: [UInt8]
  package var cause: EndCause
  /// Points.
  package var reward: Double
  package var ooms: Int
  package var incidents: [Incident]
  /// The low halves of the digests of the state at the start and after each step.
  var digests: [UInt32]
  var tail: [Moment]

  /// Whether it is a failure that is worth a file: a cell ran out of memory, or the cluster failed.
  package var isWorthKeeping: Bool { cause.isFailure || ooms > 0 }

  /// Plays the episode of a key to its end.
  ///
  /// - Throws: ``DSLError`` for a configuration or level that is not valid.
  package static func record(
    _ configuration: ClusterConfiguration, _ policy: some Policy, name: String, policyDigest: String? = nil,
    key: UInt64, level: Int = 0
  ) throws(DSLError) -> BlackBox {
    let run = try Playback(configuration, key: key, level: level, actions: [])
    var recorder = FlightRecorder(run)
    var policy = policy
    policy.begin(0, of: 1)
    while !run.isOver { recorder.take(policy.act(0, run.table.sight(0)), run) }
    return BlackBox(run, recorder, policy: name, policyDigest: policyDigest, key: key, level: level)
  }

  /// The record of actions that were done, as far as they go.
  ///
  /// - Throws: ``DSLError`` for a configuration or level that is not valid.
  package static func record(
    _ configuration: ClusterConfiguration, policy: String, policyDigest: String? = nil, key: UInt64,
    level: Int, actions: [UInt8]
  ) throws(DSLError) -> BlackBox {
    let run = try Playback(configuration, key: key, level: level, actions: [])
    var recorder = FlightRecorder(run)
    for action in actions where !run.isOver { recorder.take(action, run) }
    return BlackBox(run, recorder, policy: policy, policyDigest: policyDigest, key: key, level: level)
  }

  private init(
    _ run: Playback, _ recorder: FlightRecorder, policy: String, policyDigest: String?, key: UInt64,
    level: Int
  ) {
    configuration = run.configuration
    (self.policy, self.policyDigest) = (Self.shown(policy), policyDigest)
    (self.key, self.level) = (key, level)
    (actions, digests, incidents) = (recorder.actions, recorder.digests, recorder.incidents)
    (cause, reward, ooms) = (run.state.cause, Double(run.state.reward) / 1000, run.state.ooms)
    tail = recorder.tail
  }

  /// What doing an episode again came to.
  package enum Verdict: Sendable, Hashable {
    /// All states are the same, and what is told of them is so.
    case same(steps: Int)
    /// The first step whose state differs; 0 is the start.
    case diverged(step: Int)
    /// All states are the same, but not what a member of the file tells of them.
    case mistold(member: String)
  }

  /// Does the episode again and compares every state, and what is told of them.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` for actions after the end.
  package func replay() throws(DSLError) -> Verdict {
    let run = try Playback(self)
    for i in digests.indices {
      if i > 0 {
        guard !run.isOver else {
          throw DSLError(.invalidInput, "the episode goes on after its end at step \(i - 1)")
        }
        run.advance()
      }
      if UInt32(truncatingIfNeeded: run.digest) != digests[i] { return .diverged(step: i) }
    }
    let again = try Self.record(configuration, policy: policy, key: key, level: level, actions: actions)
    let told: [(member: String, isSo: Bool)] = [
      ("cause", again.cause == cause), ("reward", again.reward == reward), ("ooms", again.ooms == ooms),
      ("incidents", again.incidents == incidents), ("tail", again.tail == tail),
    ]
    if let wrong = told.first(where: { !$0.isSo }) { return .mistold(member: wrong.member) }
    return .same(steps: actions.count)
  }

  /// A key as it is written: 16 hexadecimal digits.
  package static func text(_ key: UInt64) -> String {
    let digits = String(key, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The recorder that is always on while an episode is played: everything it can be done again from, and a ring of the last moments.
struct FlightRecorder {
  private(set) var actions: [UInt8] = []
  private(set) var digests: [UInt32]
  private(set) var incidents: [BlackBox.Incident] = []
  private var ring: [BlackBox.Moment] = []
  private var before: [Int16]

  init(_ run: Playback) {
    digests = [UInt32(truncatingIfNeeded: run.digest)]
    before = Array(repeating: 0, count: run.configuration.cellCount)
  }

  /// The last moments, oldest first.
  var tail: [BlackBox.Moment] {
    let first = max(0, actions.count - BlackBox.tailSteps)
    return (first..<actions.count).map { ring[$0 % BlackBox.tailSteps] }
  }

  /// Does an action and writes it down.
  mutating func take(_ action: UInt8, _ run: Playback) {
    let state = run.state
    let (cells, own) = (run.table.batch.cells(0), state.row * run.configuration.width + state.column)
    let point = run.point
    let moment = BlackBox.Moment(
      step: state.step, row: state.row, column: state.column, action: action, budget: point.budget,
      ownMemory: (Double(cells.memory[own]) / 3.2768).rounded() / 10_000, risk: point.risk, hot: point.hot)
    if ring.count < BlackBox.tailSteps {
      ring.append(moment)
    } else {
      ring[state.step % BlackBox.tailSteps] = moment
    }
    for cell in before.indices { before[cell] = cells.memory[cell] }
    run.act(action)
    actions.append(action)
    digests.append(UInt32(truncatingIfNeeded: run.digest))
    if run.state.ooms > state.ooms { noteIncidents(run) }
  }

  /// The cells that ran out in the last step: a critical one is full, another was nearly so and has been restarted.
  private mutating func noteIncidents(_ run: Playback) {
    let cells = run.table.batch.cells(0)
    let restarted = run.table.batch.world.constants.restartMemory
    let width = run.configuration.width
    for cell in before.indices {
      let isCritical = cells.critical[cell] != 0
      let now = cells.memory[cell]
      let ranOut =
        isCritical
        ? now == FixedConstants.full : now == restarted && Int(before[cell]) + 1024 > Int(FixedConstants.full)
      guard ranOut else { continue }
      incidents.append(
        BlackBox.Incident(step: run.step, row: cell / width, column: cell % width, isCritical: isCritical))
    }
  }
}
