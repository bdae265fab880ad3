import DSLBase

/// What is shown of watched files: read again when they are others than before.
struct WatchedFiles {
  /// How often files are looked at, seconds, and what share of the time reading them may take.
  private static let files = (seconds: 1.0, share: 0.05)
  private static let nothing: (training: JSONValue, study: JSONValue) = (
    ["groups": []], ["file": .null, "studies": [], "unreadable_lines": 0, "problems": []]
  )

  private(set) var training = nothing.training
  private(set) var study = nothing.study
  /// `nil` for what is not watched.
  private var stamps: (training: String?, study: String?)
  /// What followers were not told of yet.
  private var untold: [ServedEvent.Name] = []
  private var nextLook = 0.0

  /// Looks at the files.
  mutating func look(_ files: SimSources.Files) {
    let now = (training: files.training?.stamp(), study: files.study?.stamp())
    if now.training != stamps.training {
      training = files.training?.load() ?? Self.nothing.training
      note(.training)
    }
    if now.study != stamps.study {
      study = files.study?.load() ?? Self.nothing.study
      note(.study)
    }
    stamps = now
  }

  private mutating func note(_ name: ServedEvent.Name) {
    if !untold.contains(name) { untold.append(name) }
  }

  /// Looks at the files when it is time to, for those who follow.
  ///
  /// - Returns: what they are to be told: whoever looked first, nothing is told twice or to nobody.
  mutating func news(
    _ time: any TimeSource, _ files: () throws -> SimSources.Files
  ) rethrows -> [ServedEvent] {
    let began = time.monotonicSeconds
    if began >= nextLook {
      look(try files())
      nextLook = began + max(Self.files.seconds, (time.monotonicSeconds - began) / Self.files.share)
    }
    defer { untold = [] }
    return untold.map { ServedEvent(nil, $0, $0 == .training ? training : study) }
  }
}
