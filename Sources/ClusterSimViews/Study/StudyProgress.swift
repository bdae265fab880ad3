package import ClusterSim
package import DSLBase

/// How far a study is: trials by state, and the best value over its trials.
package struct StudyProgress: Sendable, Hashable {
  /// A trial that ended with a value.
  package struct Point: Sendable, Hashable {
    /// The trial's number.
    package var trial: Int
    package var value: Double
    /// The best value of the trials up to this one.
    package var best: Double
  }

  package var name: String
  package var maximizes: Bool
  /// Objectives; the values are of the first.
  package var objectives: Int
  package var counts: [StudyJournal.State: Int]
  package var points: [Point]
  package var best: StudyJournal.Trial?

  package init(_ study: StudyJournal.Study) {
    name = study.name
    objectives = study.maximizes.count
    maximizes = study.maximizes.first ?? false
    counts = [:]
    points = []
    for trial in study.trials {
      counts[trial.state, default: 0] += 1
      guard trial.state == .complete, let value = trial.values.first else { continue }
      let isBetter = points.last.map { maximizes ? value > $0.best : value < $0.best } ?? true
      if isBetter { best = trial }
      points.append(
        Point(trial: trial.number, value: value, best: isBetter ? value : points.last?.best ?? value))
    }
  }

  package var json: JSONValue {
    var states = JSONObject()
    for state in StudyJournal.State.allCases { states[state.name] = .int(counts[state] ?? 0) }
    let parameters = best.map { trial in
      trial.parameters.sorted { $0.key < $1.key }.reduce(into: JSONObject()) {
        $0[$1.key] = .double($1.value)
      }
    }
    return [
      "name": .string(name), "direction": maximizes ? "maximize" : "minimize",
      "objectives": .int(objectives), "trials": .object(states),
      "best": best.map {
        [
          "trial": .int($0.number), "value": .optional($0.values.first),
          "parameters_internal": .object(parameters ?? [:]),
        ]
      } ?? .null,
      "values": .array(
        points.map { ["trial": .int($0.trial), "value": .double($0.value), "best": .double($0.best)] }),
    ]
  }
}
