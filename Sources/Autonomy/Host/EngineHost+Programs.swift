import Coordination
import DSLBase
import DecisionEngine
import Telemetry

extension EngineHost {
  /// The programs that settings name; `nil` when there are none.
  static func programs(
    _ settings: Settings, _ directory: CoordinationDirectory, _ world: World, _ tracer: SpanRecorder,
    _ journal: Journal?
  ) throws -> Programs? {
    let named = settings.programs
    guard !named.strategies.isEmpty || named.score != nil || !named.handlers.isEmpty else { return nil }
    return Programs(
      named, directory: directory.path, environment: world.environment, tracer: tracer, time: world.time,
      remembered: try journal?.state(Programs.stateKey))
  }

  /// Who is told of incidents; `nil` when nobody is.
  static func notifications(
    _ settings: Settings, _ directory: CoordinationDirectory, _ world: World, _ journal: Journal?
  ) throws -> Notifications? {
    guard let journal, !settings.notify.receivers.isEmpty, !settings.gates.dryRun else { return nil }
    return try Notifications(
      settings.notify, journal: journal, sender: sender(directory, world), time: world.time,
      source: CloudEvent.source(host: world.host, path: ProgramRunner.absolute(directory.path)),
      host: world.host, seed: world.seed)
  }

  /// What messages leave the process by.
  static func sender(_ directory: CoordinationDirectory, _ world: World) -> OutwardSender {
    OutwardSender(
      directory: directory, environment: world.environment,
      transport: world.transport ?? NoTransport(),
      runner: ProgramRunner(directory: directory.path, environment: world.environment, time: world.time))
  }

  /// What was seen, with the answer of the score program where there is one.
  package func asked(_ status: EngineStatus) async -> EngineStatus {
    guard let programs else { return status }
    var status = status
    status.observation = await programs.scored(status.observation, health)
    status.warnings += programs.scoreNotes(status.observation)
    return status
  }

  /// Extensions with the handlers among the programs; one from Swift comes before a program for the same type.
  func extended(_ extensions: EngineExtensions) -> EngineExtensions {
    var all = extensions
    for (type, handler) in programs?.handlers ?? [:] where all.handlers[type] == nil {
      all.handlers[type] = handler
    }
    for (type, handler) in remedyHandlers where all.handlers[type] == nil { all.handlers[type] = handler }
    return all
  }

  /// Notes for later engines what a cycle came to beside its effects, and tells of incidents.
  ///
  /// - Returns: sentences for the report. A failure is one of them: the cycle is over and stands.
  func remember(_ report: CycleReport) -> [String] {
    do {
      if let unsaved = programs?.unsaved() { try journal?.setState(Programs.stateKey, unsaved) }
      return try notifications?.take(report, heldBack: programs?.heldBack ?? []) ?? []
    } catch {
      return ["programs and incidents could not be noted: \(error)"]
    }
  }

  /// Lets messages leave, for as long as `incidents.flush` says; to be called before `close` by whoever acted.
  ///
  /// - Returns: sentences about messages that did not leave.
  package func flush() async -> [String] { await notifications?.flush() ?? [] }
}
