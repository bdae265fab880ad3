package import DSLBase

/// Carries out decisions of one type by a program: the verbs `prepare`, `perform` and `undo` of `handler/v1`.
struct ProgramHandler: DecisionHandler {
  /// The parameter of a step in which its reason why it cannot be undone is kept.
  static let noUndo = "no_undo"
  /// Steps that one decision may take.
  static let limit = 100
  private static let stepMembers = ["action", "target", "parameters", "before", noUndo]

  let programs: Programs
  let program: ProgramSettings.Program

  func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    try await ask(["verb": "prepare", "decision": decision.json, "observation": observation.json]) {
      (json) throws(DSLError) in
      let answer = try ProgramAnswer(json)
      if let reason = try answer.text("nothing") { return .nothing(reason: reason) }
      let entries = try answer.array("steps")
      guard (1...Self.limit).contains(entries.count) else {
        throw answer.wrong("steps", "1 to \(Self.limit)", "\(entries.count)")
      }
      var steps: [EffectStep] = []
      for (number, entry) in entries.enumerated() {
        steps.append(try Self.step(try ProgramAnswer(entry, path: "steps[\(number)]")))
      }
      return .steps(steps)
    }
  }

  func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    try await ask(["verb": "perform", "decision": decision.json, "step": step.json]) {
      (json) throws(DSLError) in
      let answer = try ProgramAnswer(json)
      guard let receipt = answer["receipt"] else { throw answer.wrong("receipt", "a receipt", "nothing") }
      return receipt
    }
  }

  func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    if let reason = step.parameters[Self.noUndo]?.string { return .refused(reason) }
    do throws(DSLError) {
      return try await ask(["verb": "undo", "step": step.json, "receipt": receipt]) {
        (json) throws(DSLError) in
        let answer = try ProgramAnswer(json)
        if let reason = try answer.text("refused") { return .refused(reason) }
        return .reverted(try answer.string("reverted"))
      }
    } catch {
      return .refused(error.message)
    }
  }

  private static func step(_ entry: ProgramAnswer) throws(DSLError) -> EffectStep {
    if let unknown = entry.unknown(stepMembers).first { throw DSLError(.invalidInput, unknown) }
    var parameters = try entry.object("parameters") ?? [:]
    parameters[noUndo] = try entry.text(noUndo).map(JSONValue.string)
    return EffectStep(
      action: try entry.string("action"), target: try entry.text("target") ?? "fleet", parameters: parameters,
      before: entry["before"] ?? .null)
  }

  /// - Throws: `DSLError` `.invalidState`: the decision fails, and the loop goes on.
  private func ask<Value: Sendable>(
    _ question: JSONObject, _ read: @Sendable (JSONValue?) throws(DSLError) -> Value
  ) async throws(DSLError) -> Value {
    do throws(ProgramFailure) { return try await programs.ask(program, .handler, question, read) } catch {
      throw DSLError(
        error.kind == "timeout" ? .timeout : .invalidState, "handler \(program.name): \(error.message)")
    }
  }
}

extension Programs {
  /// The handlers among the programs, by the type that they carry out.
  package var handlers: [DecisionType: any DecisionHandler] {
    var handlers: [DecisionType: any DecisionHandler] = [:]
    for handler in settings.handlers {
      handlers[handler.type] = ProgramHandler(programs: self, program: handler.program)
    }
    return handlers
  }
}
