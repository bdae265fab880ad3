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

  /// Visits every state once for all situations in which it has the same answers, in a fixed order.
  ///
  /// - Parameters:
  ///   - signature: of a state with such agents and work in a situation; equal ones mean equal answers for equal counts.
  ///   - body: gets a state in the first situation of its class, and all situations of the class.
  func forEach(
    signature: (CheckState) -> [UInt64], _ body: (CheckState, [CheckState.Situation]) -> Void
  ) {
    let steps = telemetrySteps
    for agents in agents {
      for work in work {
        for situations in classes(agents, work, signature) {
          var state = CheckState(
            agents: agents, work: work, completed: 0, telemetry: 0, situation: situations[0])
          for completed in completed {
            state.completed = completed
            for telemetry in steps {
              state.telemetry = telemetry
              body(state, situations)
            }
          }
        }
      }
    }
  }

  private func classes(
    _ agents: Int, _ work: Int, _ signature: (CheckState) -> [UInt64]
  ) -> [[CheckState.Situation]] {
    var places: [[UInt64]: Int] = [:]
    var classes: [[CheckState.Situation]] = []
    for situation in situations {
      let key = signature(
        CheckState(agents: agents, work: work, completed: 0, telemetry: 0, situation: situation))
      if let place = places[key] {
        classes[place].append(situation)
      } else {
        places[key] = classes.count
        classes.append([situation])
      }
    }
    return classes
  }
}
