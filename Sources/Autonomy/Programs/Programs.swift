import Coordination
package import DSLBase
import Synchronization
package import Telemetry
import Tracing

/// The programs of one engine: asked in its cycles, watched for failures, and told about in reports.
///
/// Nothing a program does throws from here: a program that fails proposes nothing, scores nothing or leaves its decision
/// undone, and every failure is a sentence for the report.
package final class Programs: Sendable {
  /// Where the journal keeps the breakers.
  static let stateKey = "programs"

  package let settings: ProgramSettings
  private let runner: ProgramRunner
  private let tracer: SpanRecorder
  private let time: any TimeSource
  private let breakers: Mutex<[String: CircuitBreaker]>
  private let saved: Mutex<JSONValue>

  /// The programs that settings name.
  ///
  /// - Parameters:
  ///   - directory: the coordination directory, as named: where programs run.
  ///   - environment: the engine's own; a documented part is passed on.
  ///   - remembered: what an earlier engine left in the journal.
  package init(
    _ settings: ProgramSettings, directory: String, environment: [String: String], tracer: SpanRecorder,
    time: any TimeSource, remembered: JSONValue? = nil
  ) {
    self.settings = settings
    self.tracer = tracer
    self.time = time
    runner = ProgramRunner(directory: directory, environment: environment, time: time)
    var breakers: [String: CircuitBreaker] = [:]
    for member in remembered?.object ?? [:] { breakers[member.key] = CircuitBreaker(json: member.value) }
    self.breakers = Mutex(breakers)
    saved = Mutex(remembered ?? .null)
  }

  /// Programs of this configuration that keep failing, as role and name: `strategy night-watch`.
  package var heldBack: [String] {
    let configured =
      settings.strategies.map { "\(ProgramRole.strategy.rawValue) \($0.name)" }
      + [settings.score].compactMap { $0 }.map { "\(ProgramRole.score.rawValue) \($0.program.name)" }
      + settings.handlers.map { "\(ProgramRole.handler.rawValue) \($0.program.name)" }
    return breakers.withLock { breakers in configured.filter { breakers[$0]?.openUntil != nil } }
  }

  /// What the journal has to keep, if that changed since it was last asked; `null` when there is nothing to keep.
  func unsaved() -> JSONValue? {
    let all = breakers.withLock { breakers in
      var object = JSONObject()
      for name in breakers.keys.sorted() where breakers[name] != CircuitBreaker() {
        object[name] = breakers[name]?.json
      }
      return object.isEmpty ? JSONValue.null : .object(object)
    }
    return saved.withLock { saved in
      if saved == all { return nil }
      saved = all
      return all
    }
  }

  /// Asks one program, unless it is held back, and notes how that went.
  ///
  /// - Parameter read: makes something of the answer; what it throws is a failure of the program as well.
  /// - Throws: `ProgramFailure`.
  func ask<Value: Sendable>(
    _ program: ProgramSettings.Program, _ role: ProgramRole, _ question: JSONObject,
    mayBeSilent: Bool = false,
    _ read: @Sendable (JSONValue?) throws(DSLError) -> Value
  ) async throws(ProgramFailure) -> Value {
    let key = "\(role.rawValue) \(program.name)"
    let breaker = breakers.withLock { $0[key] ?? CircuitBreaker() }
    guard breaker.allows(at: time.now, settings) else {
      let until = breaker.openUntil.map { " until \($0)" } ?? ""
      throw ProgramFailure(
        kind: "held_back", message: "held back\(until) after \(breaker.failures) failures in a row")
    }
    let result = await call(program, role, question, mayBeSilent, read)
    breakers.withLock { breakers in
      switch result {
      case .success: breakers[key] = nil
      case .failure: breakers[key, default: CircuitBreaker()].failed(at: time.now, settings)
      }
    }
    return try result.get()
  }

  private func call<Value: Sendable>(
    _ program: ProgramSettings.Program, _ role: ProgramRole, _ question: JSONObject, _ mayBeSilent: Bool,
    _ read: @Sendable (JSONValue?) throws(DSLError) -> Value
  ) async -> Result<Value, ProgramFailure> {
    await tracer.withSpan(.programCall) { span in
      span.set(.programName, program.name)
      span.set(.programRole, role.rawValue)
      let result = await answer(program, role, question, mayBeSilent, read)
      if case .failure(let failure) = result {
        span.set(.errorType, failure.kind)
        span.setStatus(.init(code: .error, message: failure.message))
      }
      return result
    }
  }

  private func answer<Value: Sendable>(
    _ program: ProgramSettings.Program, _ role: ProgramRole, _ question: JSONObject, _ mayBeSilent: Bool,
    _ read: @Sendable (JSONValue?) throws(DSLError) -> Value
  ) async -> Result<Value, ProgramFailure> {
    let answer: JSONValue?
    do throws(ProgramFailure) {
      answer = try await runner.ask(program, role, question, mayBeSilent: mayBeSilent)
    } catch {
      return .failure(error)
    }
    do throws(DSLError) { return .success(try read(answer)) } catch {
      return .failure(ProgramFailure(kind: "protocol", message: error.message))
    }
  }
}
