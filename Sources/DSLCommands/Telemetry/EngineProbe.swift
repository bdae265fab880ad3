import Coordination
import DSLBase

/// Whether an engine acts on the directory right now.
struct EngineProbe {
  /// Whether some process holds the engine's lock; `nil` when this user cannot tell.
  let isHeld: Bool?
  /// What a reader should know, a sentence each.
  let warnings: [String]

  /// Tries to share the lock, without waiting, and lets go of it at once.
  ///
  /// A lock file that is not there is not created. An engine that holds the lock notices nothing.
  init(_ directory: CoordinationDirectory) {
    do throws(FileError) {
      guard try directory.files.status(directory.engineLock) != nil else {
        (isHeld, warnings) = (false, [])
        return
      }
      let shared = try directory.files.lock(directory.engineLock, exclusive: false, wait: false)
      shared?.unlock()
      (isHeld, warnings) = (shared == nil, [])
    } catch {
      (isHeld, warnings) = (nil, ["whether an engine acts cannot be told: \(error)"])
    }
  }
}
