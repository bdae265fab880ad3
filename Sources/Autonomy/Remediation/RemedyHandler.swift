package import DSLBase
import DecisionEngine
import Telemetry
import Tracing

/// Carries out the actions that are no decisions of the policy: by a configured command, else by the fleet's own steps.
///
/// Which of the two it was stands in the steps, so that another process takes back what was done and not what it would do.
package struct RemedyHandler: DecisionHandler {
  /// The step of a configured command.
  static let commandStep = "run_command"

  let settings: RemediationSettings
  let backend: FilesBackend
  /// The fleet of GPUs over it, where the loop runs on one.
  let gpus: GPUBackend?
  let runner: ProgramRunner
  let tracer: SpanRecorder

  private var acting: any Backend { gpus ?? backend }

  package func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    guard let action = RemediationAction(rawValue: decision.type.rawValue) else {
      throw DSLError(.unsupported, "\(decision.type) is no remediation")
    }
    let service = decision.parameters["service"]?.string ?? decision.target
    if let command = settings.command(action, service) {
      return .steps([Self.step(command, decision, service)])
    }
    switch action {
    case .restartService:
      let plan = try restart(decision, service, observation)
      return try gpus?.placing(plan, observation) ?? plan
    case .throttleRequests: return try throttle(decision, service, observation)
    case .killProcess: return try kill(decision)
    default:
      let missing = ActionHandler.missing(action)
      throw DSLError(.unsupported, missing.reason, fix: missing.fix)
    }
  }

  package func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    guard step.action == Self.commandStep else { return try await acting.perform(step, for: decision) }
    let command = try command(of: step)
    return try await run(command.program, step, verb: "perform", receipt: nil, decision: decision.id)
  }

  package func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    guard step.action == Self.commandStep else { return try await acting.revert(step, receipt: receipt) }
    if let reason = step.parameters["no_undo"]?.string { return .refused(reason) }
    do throws(DSLError) {
      let command = try command(of: step)
      guard let undo = command.undo else {
        return .refused("command \(command.program.name) has no undo any more")
      }
      var program = command.program
      program.command = undo
      let answer = try await run(program, step, verb: "undo", receipt: receipt, decision: nil)
      let said = answer["output"]?.string ?? ""
      return .reverted("the undo of command \(program.name) succeeded" + (said.isEmpty ? "" : ": " + said))
    } catch {
      return .refused(error.message)
    }
  }

  package func inspect(_ step: EffectStep) async throws -> StepTrace {
    guard step.action == Self.commandStep else { return try await acting.inspect(step) }
    return .unclear("a command cannot be asked whether it was run")
  }

  // MARK: Commands

  private static func step(
    _ command: RemediationSettings.Command, _ decision: Decision, _ service: String
  ) -> EffectStep {
    var own = JSONObject()
    for parameter in RemediationCatalog.info(command.action).parameters {
      own[parameter.name] = decision.parameters[parameter.name]
    }
    var parameters: JSONObject = [
      "command": .string(command.program.name), "action": .string(command.action.rawValue),
      "issue_type": decision.parameters["issue_type"] ?? .null, "parameters": .object(own),
    ]
    if command.undo == nil {
      parameters["no_undo"] = .string("command \(command.program.name) has no undo")
    }
    return EffectStep(action: commandStep, target: service, parameters: parameters)
  }

  private func command(of step: EffectStep) throws(DSLError) -> RemediationSettings.Command {
    let action = try RemediationAction(named: step.parameters["action"]?.string ?? "")
    guard let command = settings.command(action, step.target) else {
      throw DSLError(
        .unsupported, "no command is configured any more for \(action.rawValue) of \(step.target)",
        fix: "configure one: remediation.commands")
    }
    return command
  }

  /// Runs a command with the question on its standard input.
  ///
  /// - Returns: what it answered: `exit_status`, `output` (bounded, without secrets) and, when that is an object, `answer`.
  private func run(
    _ program: ProgramSettings.Program, _ step: EffectStep, verb: String, receipt: JSONValue?,
    decision: String?
  ) async throws(DSLError) -> JSONValue {
    var question: JSONObject = [
      "dsl": .string(ProgramRole.remedy.version), "name": .string(program.name), "verb": .string(verb),
      "action": step.parameters["action"] ?? .null, "service": .string(step.target),
      "issue_type": step.parameters["issue_type"] ?? .null,
      "parameters": step.parameters["parameters"] ?? [:],
    ]
    question["decision_id"] = decision.map(JSONValue.string)
    question["receipt"] = receipt
    let extra = [
      "DSL_VERB": verb, "DSL_ACTION": step.parameters["action"]?.string ?? "", "DSL_SERVICE": step.target,
    ]
    let input = Array((JSONValue.object(question).text() + "\n").utf8)
    let end = await tracer.withSpan(.programCall) { span in
      span.set(.programName, program.name)
      span.set(.programRole, ProgramRole.remedy.rawValue)
      let end = await runner.run(program, .remedy, input, extra: extra)
      if !end.isSuccess {
        span.set(.errorType, end.errorType)
        span.setStatus(.init(code: .error, message: end.failure))
      }
      return end
    }
    guard end.isSuccess else {
      throw DSLError(
        end.errorType == "timeout" ? .timeout : .invalidState,
        "command \(program.name): \(Redaction.text(end.failure, limit: 400))")
    }
    var answer: JSONObject = [
      "exit_status": 0,
      "output": .string(Redaction.text(String(decoding: end.output, as: UTF8.self), limit: 400)),
    ]
    if let json = try? JSONParser.parse(end.output), json.object != nil { answer["answer"] = json }
    return .object(answer)
  }
}

extension ActionHandler {
  /// Why nobody carries an action out, and what would change that.
  static func missing(_ action: RemediationAction) -> (reason: String, fix: String) {
    (
      "nobody here carries out \(action.rawValue)",
      "configure a command in dsl.yaml: remediation: {commands: [{action: \(action.rawValue), command: […]}]}"
    )
  }
}
