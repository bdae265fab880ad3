package import Coordination
package import DSLBase

/// How the loop's simulated cluster is to stand: what was asked of its time, and how far it is.
package struct PaceStatus: Sendable, Equatable {
  /// What was asked last; `nil` where nothing was.
  package let pace: ClusterPace?
  package let standing: ClusterPace.Standing
  /// Why that cannot be told, so that the cluster stands still.
  package let problem: String?
  private let position: Int?

  /// - Parameter journal: where it is noted; `nil` where there is none.
  /// - Throws: when the journal cannot be read. What is wrong in it, and with the cluster, is ``problem``.
  package init(_ store: ClusterStore, _ journal: Journal?) throws {
    // A journal that is damaged as a whole is another matter: that is thrown.
    let noted = try journal?.state(Journal.paceKey)
    do throws(DSLError) {
      pace = try noted.map { (json) throws(DSLError) in try Journal.pace(json, store.directory) }
    } catch {
      (pace, standing, position) = (nil, .still, nil)
      problem = error.message + (error.fix.map { "; " + $0 } ?? "")
      return
    }
    guard let pace, case .step(_, _, isMade: false) = pace.demand else {
      (standing, position, problem) = (pace?.standing(at: 0) ?? .running, nil, nil)
      return
    }
    do throws(DSLError) {
      let position = try store.load().position
      (self.position, standing, problem) = (position, pace.standing(at: position), nil)
    } catch {
      // How many of the steps are made is unknown, and unknown is not none.
      (position, standing, problem) = (nil, .still, error.message)
    }
  }

  /// Notes that the steps are made, where they are and that is not noted.
  package func settle(_ journal: Journal) throws(DSLError) {
    guard let pace, let made = position.flatMap({ pace.made(at: $0) }) else { return }
    try journal.changePace { now in now == pace ? made : now }
  }

  /// Why it stands still, as a sentence's end; `nil` while it does not.
  package var hold: String? {
    guard standing == .still else { return nil }
    if let problem { return "the simulated cluster stands still: \(problem)" }
    let who = pace.map { ", as \($0.by) asked at \($0.at.description.prefix(19))Z" } ?? ""
    return "the simulated cluster stands still\(who); dsl sim start has it go on"
  }
}

extension ClusterStore {
  /// What people may ask of a cluster's time.
  package enum Request: Sendable, Hashable {
    case start, pause
    /// 1 to ``ClusterPace/stepLimit`` steps.
    case step(Int)
  }

  /// The cluster that a directory's loop runs on.
  ///
  /// - Throws: `notFound` where it runs on none.
  package init(ofLoop settings: Settings, _ directory: CoordinationDirectory) throws(DSLError) {
    guard settings.backend == SimBackend.word else {
      throw DSLError(
        .notFound,
        "the loop of this directory runs on backend \(settings.backend), not on a simulated cluster",
        fix: "set backend: sim in dsl.yaml, or see dsl sim serve")
    }
    self.init(directory, settings.sim)
  }

  /// Notes what somebody asks; the loop heeds it from its next look on.
  ///
  /// - Returns: how the cluster is to stand now.
  /// - Throws: of steps what ``load()`` throws, `corrupt` for what was noted before, `invalidInput` for a count; `io`.
  package func ask(
    _ request: Request, by: String, _ journal: Journal, _ time: any TimeSource
  ) throws -> PaceStatus {
    switch request {
    case .start: try journal.replace(pace: ClusterPace(.start, by: by, at: time.now))
    case .pause: try journal.replace(pace: ClusterPace(.pause, by: by, at: time.now))
    case .step(let count):
      guard (1...ClusterPace.stepLimit).contains(count) else {
        throw DSLError(.invalidInput, "count: expected a whole number from 1 to \(ClusterPace.stepLimit)")
      }
      _ = try journal.pace(directory)
      let position = try load().position
      try journal.changePace { earlier in
        ClusterPace(steps: count, after: earlier, position: position, by: by, at: time.now)
      }
    }
    return try PaceStatus(self, journal)
  }
}

extension Journal {
  /// Under which name it is remembered what was asked of the simulated cluster's time.
  package static let paceKey = "sim_pace"

  /// What was asked of the simulated cluster's time; `nil` where nothing was.
  ///
  /// - Throws: `corrupt` for what cannot be read; `io`.
  package func pace(_ directory: CoordinationDirectory) throws(DSLError) -> ClusterPace? {
    guard let json = try state(Self.paceKey) else { return nil }
    return try Self.pace(json, directory)
  }

  fileprivate static func pace(
    _ json: JSONValue, _ directory: CoordinationDirectory
  ) throws(DSLError) -> ClusterPace {
    do throws(DSLError) {
      return try ClusterPace(json: json)
    } catch {
      throw DSLError(
        .corrupt, "\(directory.journal): \(error.message)",
        fix: "say it anew: dsl sim start, or dsl sim pause")
    }
  }

  fileprivate func replace(pace: ClusterPace) throws(DSLError) {
    try replaceState(Self.paceKey, pace.json)
  }

  fileprivate func changePace(_ change: (ClusterPace?) -> ClusterPace?) throws(DSLError) {
    try changeState(Self.paceKey) { (json) throws(DSLError) in
      let now = try json.map { (json) throws(DSLError) in try ClusterPace(json: json) }
      return change(now)?.json ?? .null
    }
  }
}
