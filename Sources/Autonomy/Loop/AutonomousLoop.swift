import Coordination
package import DSLBase

/// Turns the cycle into a service: leads or stands by, makes one turn after another, follows its directory, reads its
/// configuration again when told to, until it is told to stop.
///
/// `LoopControl` is how it is told. Nothing that passes ends it: not an error of a turn, not a directory that vanishes for
/// a while, not a lead that is lost while leader election is on.
package struct AutonomousLoop: Sendable {
  /// What it tells while it runs.
  package enum Notice: Sendable {
    /// A turn was made.
    case completed(CycleReport)
    /// A turn could not be made; the loop goes on, because what is wrong may pass.
    case failed(DSLError)
    /// Another leads.
    case standsBy(LeaseRecord?)
    /// Effects are allowed from now on.
    case leads(LeaseRecord)
    /// Effects are no longer allowed.
    case steppedDown(String)
    /// The directory that was open is no longer at its place; nothing is done until it is back.
    case lostDirectory
    /// It is back, or another is in its place, and was opened.
    case foundDirectory
    /// Configuration and policy are about to be read again.
    case reloading
    /// They were, with these warnings.
    case reloaded([String])
    /// They could not be; those before stay in force.
    case notReloaded(DSLError)
    /// The simulated cluster is to stand still, for this reason: no turns are made.
    case standsStill(String)
    /// It is to go on.
    case goesOn
    /// Something deserves attention and is no error.
    case warning(String)
  }

  /// What it runs with, and reads again.
  package struct Plan: Sendable {
    package var settings: Settings
    package var warnings: [String]

    package init(settings: Settings, warnings: [String] = []) {
      self.settings = settings
      self.warnings = warnings
    }
  }

  /// The coordination directory.
  package let path: String
  /// The first plan.
  package let plan: Plan
  /// Reads the plan again.
  package let reload: @Sendable () throws -> Plan
  /// The world for some settings.
  package let world: @Sendable (Settings) -> EngineHost.World
  package let control: LoopControl
  package let extensions: EngineExtensions
  /// How long a watchdog lets a turn go without progress, seconds.
  package let patienceSeconds: Double

  package init(
    path: String, plan: Plan, control: LoopControl, extensions: EngineExtensions = .init(),
    patienceSeconds: Double = .infinity, reload: @escaping @Sendable () throws -> Plan,
    world: @escaping @Sendable (Settings) -> EngineHost.World
  ) {
    self.path = path
    self.plan = plan
    self.control = control
    self.extensions = extensions
    self.patienceSeconds = patienceSeconds
    self.reload = reload
    self.world = world
  }

  /// Runs until the turns are used up or it is told to stop.
  ///
  /// - Parameter tell: told what happens, in order.
  /// - Returns: how many turns were made.
  /// - Throws: `locked` when another leads and leader election is off, `superseded` when another took over then; `notFound`
  ///   when there is no directory at the start; `invalidInput` when the policy cannot be read; what `tell` throws.
  package func run(_ tell: @escaping (Notice) throws -> Void) async throws -> Int {
    let run = LoopRun(self, tell)
    defer { run.leave() }
    return try await run.toTheEnd()
  }

  /// Whether a change calls for a turn: work that came or went, or an agent that was not known. Heartbeats rewrite
  /// agents' records all the time and do not.
  static func matters(_ names: [String]?, _ knownAgents: [String]) -> Bool {
    guard let names else { return true }
    let known = Set(knownAgents.map { RecordKind.agent.prefix + $0 + ".json" })
    return names.contains { name in
      guard name.hasSuffix(".json") else { return false }
      if name.hasPrefix(RecordKind.agent.prefix) { return !known.contains(name) }
      return [RecordKind.work, .completed, .failed].contains { name.hasPrefix($0.prefix) }
    }
  }
}
