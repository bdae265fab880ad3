import ClusterSim
import DSLBase

extension EpisodeTape {
  /// Points of one answer at most.
  static let pointLimit = 5000

  /// What is shown, with the points of the curves from a step on, ``pointLimit`` of them at most: the schema `sim-frame`.
  ///
  /// - Parameters:
  ///   - step: another step than the one that is shown.
  ///   - serial: which episode it is.
  ///   - isOver: whether no step comes after the last.
  func shown(since: Int, at step: Int?, serial: Int, isOver: Bool) -> JSONValue {
    let before = position
    if let step { seek(to: step) }
    defer { if step != nil { seek(to: before) } }
    let from = min(max(0, since), points.count)
    let part = points[from..<min(points.count, from + Self.pointLimit)]
    let end = from + part.count
    return [
      "tape": .int(serial), "steps_done": .int(count), "over": .bool(isOver), "since": .int(from),
      "points": .array(part.map(\.json)),
      "actions": .array(actions[max(0, from - 1)..<max(0, from - 1, end - 1)].map { .int(Int($0)) }),
      "incidents": .array(incidents.filter { from..<end ~= $0.step }.map(\.json)),
      "frame": frame.json,
    ]
  }
}
