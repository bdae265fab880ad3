package import DSLBase

/// An episode that can be looked at at any step, while it goes on or after it was recorded.
///
/// There are two heads: one that writes, where the policy acts, and one that shows. Going back costs no memory: the
/// episode is done again from its key, some 80 ns a step.
package final class EpisodeTape {
  package let configuration: ClusterConfiguration
  package let key: UInt64
  package let level: Int
  /// Who plays, as reports name it.
  package let policyName: String
  /// Whether it was recorded: then there is no policy, and the end is known.
  package let isRecorded: Bool
  /// One for the start, and one for each step done.
  package private(set) var points: [Playback.Point]
  private var policy: (any Policy)?
  private let writing: Playback
  private let showing: Playback
  private var recorder: FlightRecorder

  /// An episode that a policy is about to play.
  ///
  /// - Throws: ``DSLError`` for a configuration or level that is not valid.
  package init(
    _ configuration: ClusterConfiguration, _ policy: any Policy, name: String, key: UInt64, level: Int = 0
  ) throws(DSLError) {
    (self.configuration, self.key, self.level) = (configuration, key, level)
    (policyName, isRecorded) = (name, false)
    writing = try Playback(configuration, key: key, level: level, actions: [])
    showing = try Playback(configuration, key: key, level: level, actions: [])
    recorder = FlightRecorder(writing)
    points = [writing.point]
    self.policy = policy
    self.policy?.begin(0, of: 1)
  }

  /// An episode that was recorded.
  ///
  /// - Throws: ``DSLError`` for a configuration or level that is not valid.
  package convenience init(_ box: BlackBox) throws(DSLError) {
    try self.init(box.configuration, key: box.key, level: box.level, actions: box.actions, name: box.policy)
  }

  /// An episode as far as it was played elsewhere.
  ///
  /// - Parameter name: who played.
  /// - Throws: ``DSLError`` for a configuration or level that is not valid.
  package init(
    _ configuration: ClusterConfiguration, key: UInt64, level: Int, actions: [UInt8], name: String
  ) throws(DSLError) {
    (self.configuration, self.key, self.level) = (configuration, key, level)
    (policyName, isRecorded) = (name, true)
    writing = try Playback(configuration, key: key, level: level, actions: [])
    showing = try Playback(configuration, key: key, level: level, actions: [])
    recorder = FlightRecorder(writing)
    points = [writing.point]
    for action in actions where !writing.isOver {
      recorder.take(action, writing)
      points.append(writing.point)
    }
  }

  /// Steps done, shown or not.
  package var count: Int { writing.step }
  /// Whether no step comes after `count`.
  package var isOver: Bool { isRecorded || writing.isOver }
  /// How it ended; `none` while it goes on.
  package var cause: EndCause { writing.state.cause }
  /// The step that is shown.
  package var position: Int { showing.step }
  package var actions: [UInt8] { recorder.actions }
  /// Cells that ran out of memory so far.
  package var incidents: [BlackBox.Incident] { recorder.incidents }

  /// Goes a step on: to one that was done, else the policy does one.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  package func advance() -> Bool {
    if position == count {
      guard !isOver, let action = policy?.act(0, writing.table.sight(0)) else { return false }
      recorder.take(action & 7, writing)
      points.append(writing.point)
    }
    showing.act(recorder.actions[position])
    return true
  }

  /// Shows a step that was done; the last one for one beyond.
  package func seek(to step: Int) {
    let target = min(max(0, step), count)
    if target < position { showing.rewind() }
    while position < target { showing.act(recorder.actions[position]) }
  }

  /// What is shown.
  package var frame: ClusterFrame {
    let at = position
    return showing.frame(
      action: at > 0 ? recorder.actions[at - 1] : nil, ooms: recorder.incidents.filter { $0.step == at })
  }
}
