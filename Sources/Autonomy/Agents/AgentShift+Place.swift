import Coordination
import DSLBase

extension AgentShift {
  /// Whether the directory is still the one that is open; opens what is at its place when that can be worked on.
  ///
  /// While it has gone, or an empty one is in its place (a mount point before the mount), nothing is written. Commands go
  /// on; what they end with is written down when the directory is back.
  func isInPlace() -> Bool {
    let directory = world.directory
    let found = DirectoryIdentity(directory, database: directory.queue)
    if !isLost, found == place { return true }
    if !isLost {
      isLost = true
      world.queue.stopProjector()
      world.warn("\(directory.path) has gone or was replaced; agent \(options.id) waits until it is back")
    }
    guard found != nil, isUsed, let queue = try? world.reopen?() else { return false }
    world.queue = queue
    queue.startProjector()
    place = DirectoryIdentity(directory, database: directory.queue)
    isLost = false
    world.warn("\(directory.path) is back")
    return true
  }

  /// Whether an engine or an agent has worked on what is at the directory's place, or somebody has made it for them.
  private var isUsed: Bool {
    let directory = world.directory
    return [directory.queue, directory.configuration].contains { path in
      ((try? directory.files.status(path)) ?? nil) != nil
    }
  }

  /// What becomes of an action while the directory has gone.
  func held(_ action: AgentAction) -> AgentEvent? {
    switch action {
    case .claim: .claimFailed
    case .settle(let claim, _): .held(id: claim.id)
    default: nil
    }
  }
}

extension AgentAction {
  /// Whether it reads or writes the coordination directory.
  var needsDirectory: Bool {
    switch self {
    case .claim, .settle, .release, .beat, .checkRecord, .writeTelemetry: true
    case .run, .kill, .abandon: false
    }
  }
}
