import DSLBase
import DecisionEngine

extension Programs {
  /// What the strategies among the programs answered.
  struct Asked: Sendable {
    /// In the order of the configuration, those that failed included: they propose nothing.
    var answers: [AnsweredStrategy] = []
    /// Failures and unknown fields, a sentence each.
    var notes: [String] = []
  }

  /// Asks all strategies at once. Nobody is asked about an observation without a score: nothing is decided on it.
  ///
  /// - Parameters:
  ///   - facts: what else they are told: cycle, policy, limits, gates.
  ///   - types: the decision types that somebody here can carry out.
  func ask(_ observation: Observation, facts: JSONObject, types: [DecisionType]) async -> Asked {
    guard !settings.strategies.isEmpty, observation.blind == nil, observation.metrics.healthScore != nil
    else {
      return Asked()
    }
    var question = facts
    question["decision_types"] = .strings(types.map(\.rawValue))
    question["observation"] = observation.json
    let asked = question
    let results = await withTaskGroup(of: (Int, Result<StrategyAnswer, ProgramFailure>).self) { group in
      for (index, program) in settings.strategies.enumerated() {
        group.addTask {
          do throws(ProgramFailure) {
            let answer = try await self.ask(program, .strategy, asked) { (json) throws(DSLError) in
              try StrategyAnswer(json, types: types)
            }
            return (index, .success(answer))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var results: [(Int, Result<StrategyAnswer, ProgramFailure>)] = []
      for await result in group { results.append(result) }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
    var all = Asked()
    for (program, result) in zip(settings.strategies, results) { all.add(program.name, result) }
    return all
  }
}

extension Programs.Asked {
  fileprivate mutating func add(_ name: String, _ result: Result<StrategyAnswer, ProgramFailure>) {
    switch result {
    case .success(let answer):
      answers.append(AnsweredStrategy(name: name, proposals: answer.proposals, silence: answer.reason))
      notes += answer.unknown.map { "strategy \(name): \($0)" }
    case .failure(let failure):
      answers.append(AnsweredStrategy(name: name, proposals: [], silence: failure.message))
      notes.append("strategy \(name): \(failure.message); it proposes nothing")
    }
  }
}
