package import ClusterSim
package import Coordination
package import DSLBase
import DecisionEngine

/// A finding of a check, played by the loop itself: a directory of its own whose cluster stands where the finding begins, the
/// engine with journal, gates and undo, and a clock that goes on by the loop's interval with each cycle.
package struct ClusterPlay: Sendable {
  /// What came of it.
  package struct Outcome: Sendable {
    /// Cycles that were played.
    package var cycles = 0
    /// Decisions that were carried out, and those that a gate held back by gate, in the order in which gates spoke.
    package var executed = 0
    package var held: [(gate: String, count: Int)] = []
    /// How the episode ended; `none` while it goes on.
    package var cause = EndCause.none
    /// The first cycle after which the cluster is not where the trace has it; `nil` where the two agree.
    package var parted: Int?
    /// Whether what happened shows the finding.
    package var isShown = false
    /// What deserves attention, a sentence each.
    package var warnings: [String] = []
    /// The record of the failure.
    package var blackBox: String?
  }

  private static let policyFile = "policy.yaml"
  private static let constantsFile = "constants.json"

  private let trace: ClusterTrace
  private let directory: CoordinationDirectory
  /// Another policy's text than the trace's.
  private let other: String?

  /// - Parameters:
  ///   - directory: where it is played.
  ///   - other: the text of a policy that plays instead of the trace's.
  package init(_ trace: ClusterTrace, in directory: CoordinationDirectory, other: String? = nil) {
    (self.trace, self.directory, self.other) = (trace, directory, other)
  }

  /// Cycles that are played unless told otherwise: those of the trace, and with another policy until nothing more can come of
  /// the finding.
  package var cycles: Int { other == nil ? trace.cycles.count : trace.longest }

  /// Makes the directory: settings, policy, constants, and the cluster where the finding begins.
  ///
  /// - Throws: `conflict` for a directory that is there and not empty; `corrupt`, `io`.
  package func prepare() throws(DSLError) {
    let files = directory.files
    let start = try trace.opened()
    guard try isFree else {
      throw DSLError(
        .conflict, "\(directory.path) is there and not empty",
        fix: "give a directory that is not there yet: a counter-example is played in one of its own")
    }
    func write(_ name: String, _ bytes: [UInt8]) throws(DSLError) {
      try AtomicFile.commit(files, "\(directory.path)/\(name)", bytes)
    }
    do throws(FileError) { try files.makeDirectory(directory.path) } catch { throw error.asDSLError }
    try write(Self.policyFile, Array((other ?? trace.policyText).utf8))
    try write(Self.constantsFile, trace.configuration.json.serialized(.pretty) + [0x0A])
    try write("dsl.yaml", configuration.serialized(.pretty) + [0x0A])
    let cluster = SavedCluster(
      seed: trace.seed, number: trace.start.number, episode: start, ends: EndCause.allCases.map { _ in 0 },
      earlierSteps: 0, earlierReward: 0)
    try ClusterStore(directory, Settings.Sim()).commit(cluster)
  }
}

extension ClusterPlay {
  /// Whether the directory is not there, or empty.
  private var isFree: Bool {
    get throws(DSLError) {
      var names = 0
      do {
        guard try directory.files.status(directory.path) != nil else { return true }
        try directory.files.walk(directory.path) { _ in names += 1 }
      } catch let error as FileError {
        throw error.asDSLError
      } catch {
        throw DSLError(.internalError, "walking \(directory.path) failed", cause: "\(error)")
      }
      return names == 0
    }
  }

  /// The settings of the check, for the loop: `dsl.yaml`, written as JSON, which is YAML too.
  private var configuration: JSONValue {
    var object: JSONObject = [
      "backend": .string(SimBackend.word), "policy": .string(Self.policyFile),
      "sim": [
        "config": .string(Self.constantsFile),
        "size": .string("\(trace.configuration.height)x\(trace.configuration.width)"),
        "seed": .int(trace.seed),
        "first": .int(trace.start.number),
      ],
      "loop": ["interval": .double(trace.interval)],
    ]
    for setting in trace.settings.object ?? [:] where setting.key != "policy" && setting.value != .null {
      Self.put(setting.value, at: setting.key.split(separator: ".").map(String.init)[...], into: &object)
    }
    return .object(object)
  }

  private static func put(_ value: JSONValue, at path: ArraySlice<String>, into object: inout JSONObject) {
    guard let name = path.first else { return }
    guard path.count > 1 else {
      object[name] = value
      return
    }
    var inner = object[name]?.object ?? [:]
    put(value, at: path.dropFirst(), into: &inner)
    object[name] = .object(inner)
  }

  /// Plays the directory that was prepared.
  ///
  /// - Parameters:
  ///   - limit: cycles at most, where not as many as ``cycles``.
  ///   - progress: told the number of cycles that are over.
  ///   - makeWorld: what an engine works with under these settings; its clock is replaced.
  /// - Throws: what the loop throws; `CancellationError`.
  package func run(
    limit: Int? = nil, progress: (Int) -> Void = { _ in }, _ makeWorld: (Settings) -> EngineHost.World
  ) async throws -> Outcome {
    let loader = SettingsLoader(
      files: directory.files, paths: [directory.configuration], environment: [:], localOffset: 0)
    let settings = try loader.load().settings
    var world = makeWorld(settings)
    let cycles = limit ?? self.cycles
    // So that what is journaled lies behind whoever goes on in the directory.
    let time = PlayTime(world.time, behind: Double(cycles) * trace.interval)
    (world.time, world.export) = (time, nil)
    let engine = try EngineHost(path: directory.path, settings: settings, access: .act, world: world)
    defer { engine.close() }
    let rules = try engine.cycle(.init()).engine
    var outcome = Outcome()
    var evidence = ClusterEvidence(
      track: try ClusterTrack(trace.opened(), actions: [], isDecided: []), first: nil, hasDecided: false,
      isUnusable: false)
    var (actions, isDecided): ([UInt8], [Bool]) = ([], [])
    while outcome.cycles < cycles {
      try Task.checkCancellation()
      let report = try await engine.runCycle()
      if outcome.cycles == 0 {
        (evidence.first, evidence.hasDecided) = (report.observation, !report.decisions.isEmpty)
        evidence.isUnusable = report.isUnusable
      }
      take(report, &outcome)
      time.advance(seconds: trace.interval)
      progress(outcome.cycles)
      guard let store = engine.sim?.store else { break }
      let cluster = try store.load()
      guard cluster.number == trace.start.number,
        cluster.episode.step == trace.start.actions.count + outcome.cycles
      else {
        outcome.warnings.append(
          "cycle \(outcome.cycles) made no step: the cluster is at \(cluster.place.text)")
        break
      }
      actions.append(cluster.episode.actions.last ?? 0)
      isDecided.append(!report.executed.isEmpty)
      if outcome.parted == nil, trace.digest(after: outcome.cycles) != cluster.place.digest {
        outcome.parted = outcome.cycles
      }
      outcome.cause = cluster.episode.cause
      guard outcome.cause == .none else {
        if outcome.cause.isFailure { outcome.blackBox = store.boxPath(cluster) }
        break
      }
    }
    evidence.track = try ClusterTrack(trace.opened(), actions: actions, isDecided: isDecided)
    outcome.isShown = try trace.isShown(by: evidence, rules)
    return outcome
  }

  private func take(_ report: CycleReport, _ outcome: inout Outcome) {
    outcome.cycles += 1
    outcome.executed += report.executed.count
    for decision in report.decisions {
      guard case .refused(let gate, _, _, _) = decision.outcome, gate != "max_decisions" else { continue }
      if let place = outcome.held.firstIndex(where: { $0.gate == gate }) {
        outcome.held[place].count += 1
      } else {
        outcome.held.append((gate, 1))
      }
    }
    for warning in report.warnings where outcome.warnings.count < 20 { outcome.warnings.append(warning) }
  }
}

extension CycleReport {
  /// Whether a rule's decision could not be used or carried out.
  fileprivate var isUnusable: Bool {
    considered.contains { if case .unusable = $0.outcome { true } else { false } } || !failed.isEmpty
  }
}

extension ClusterTrace {
  /// Cycles after which nothing more can come of the finding.
  var longest: Int {
    kind.fault == .fails ? configuration.maxSteps - start.actions.count : cycles.count
  }

  /// Where the cluster is after so many cycles; `nil` beyond the trace.
  func digest(after count: Int) -> String? {
    if count < cycles.count { return cycles[count]["state_digest"]?.string }
    return count == cycles.count ? endDigest : nil
  }
}

/// A clock whose time of day goes on only when told to, as that of records and gates, and whose other clocks are real, as those
/// of leases are.
private final class PlayTime: TimeSource {
  private let real: any TimeSource
  private let stepped: ManualTime

  /// - Parameter behind: seconds by which it begins in the past.
  init(_ real: any TimeSource, behind: Double) {
    self.real = real
    stepped = ManualTime(real.now.adding(seconds: -behind))
  }

  var now: Timestamp { stepped.now }
  var monotonicSeconds: Double { real.monotonicSeconds }
  var monotonicOrigin: String { real.monotonicOrigin }
  func sleep(seconds: Double) async throws { try await real.sleep(seconds: seconds) }
  func advance(seconds: Double) { stepped.advance(seconds: seconds) }
}
