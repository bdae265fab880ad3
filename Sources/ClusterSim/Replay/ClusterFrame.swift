package import DSLBase

/// One moment of an episode, as it can be drawn: the cells, the agent, and what stands on the dials.
package struct ClusterFrame: Sendable, Hashable {
  package var height: Int
  package var width: Int
  /// Of each cell, row by row, in 1/1000 of full; priority in 1/1000.
  package var cpu, memory, priority: [Int]
  /// Numbers of the cells that are critical.
  package var critical: [Int]
  /// The agent's place.
  package var row: Int
  package var column: Int
  /// The action that led here; `nil` at the start.
  package var action: UInt8?
  /// How the episode ended, where it ended here.
  package var cause: EndCause
  /// Cells that ran out of memory in this step.
  package var ooms: [BlackBox.Incident]
  package var point: Playback.Point

  /// Steps done.
  package var step: Int { point.step }

  package var json: JSONValue {
    [
      "step": .int(step), "height": .int(height), "width": .int(width),
      "cpu_permille": .array(cpu.map { .int($0) }), "memory_permille": .array(memory.map { .int($0) }),
      "priority_permille": .array(priority.map { .int($0) }), "critical": .array(critical.map { .int($0) }),
      "agent": [.int(row), .int(column)], "action": .optional(action.map(Int.init)),
      "cause": .string(cause.name), "ooms": .array(ooms.map(\.json)), "point": point.json,
    ]
  }
}

extension Playback {
  /// What there is at this step.
  func frame(action: UInt8?, ooms: [BlackBox.Incident]) -> ClusterFrame {
    let (cells, count) = (table.batch.cells(0), configuration.cellCount)
    // Full is 32767, and priority 1 is 16384.
    func permille(_ channel: UnsafeMutablePointer<Int16>, _ full: Int) -> [Int] {
      (0..<count).map { (Int(channel[$0]) * 1000 + full / 2) / full }
    }
    return ClusterFrame(
      height: configuration.height, width: configuration.width,
      cpu: permille(cells.cpu, Int(FixedConstants.full)),
      memory: permille(cells.memory, Int(FixedConstants.full)), priority: permille(cells.priority, 16384),
      critical: (0..<count).filter(isCritical), row: state.row, column: state.column, action: action,
      cause: state.cause, ooms: ooms, point: point)
  }
}
