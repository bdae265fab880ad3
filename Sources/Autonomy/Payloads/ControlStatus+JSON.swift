package import Coordination
package import DSLBase
import DecisionEngine

extension JournaledPause {
  /// All fields; `left_s` is 0 when it is over.
  package func json(_ time: any TimeSource) -> JSONValue {
    [
      "since": at.json, "until": until.json, "left_s": .double(left(time) ?? 0), "by": .string(by),
      "reason": .string(reason), "ended_at": endedAt?.json ?? .null, "ended_by": .optional(endedBy),
    ]
  }
}

extension ControlStatus {
  /// What holds the loop back, and what waits.
  package var json: JSONValue {
    [
      "kill_switch": .optional(stopped),
      "paused": paused.map {
        [
          "until": $0.until.json, "left_s": .double($0.leftSeconds), "by": .string($0.by),
          "reason": .string($0.reason),
        ]
      } ?? .null,
      "waiting_for_approval": .int(waiting), "approved": .int(approved), "pace": pace?.json ?? .null,
    ]
  }
}

extension PaceStatus {
  /// All fields; null members where nobody asked anything.
  package var json: JSONValue {
    var left: Int?
    let state: String
    switch standing {
    case .running: state = "running"
    case .stepping(let steps): (state, left) = ("stepping", steps)
    case .still: state = "still"
    }
    return [
      "state": .string(state), "steps_left": left.map { .int($0) } ?? .null, "by": .optional(pace?.by),
      "at": pace?.at.json ?? .null, "problem": .optional(problem),
    ]
  }

  /// What whoever asked for it is answered: this, and whether anybody heeds it.
  package func json(_ leader: LeaderStatus) -> JSONValue {
    ["pace": json, "leader": .string(leader.word)]
  }
}
