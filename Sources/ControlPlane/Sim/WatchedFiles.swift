import DSLBase

/// What is shown of watched files: read again when they are others than before.
struct WatchedFiles {
  /// How often files are looked at for followers, seconds, what share of the time reading them may take, and how many seconds of it nobody
  /// notices.
  private static let files = (seconds: 1.0, share: 0.05, free: 0.01)
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
  private var nextNews = 0.0

  /// Looks at the files, unless reading them has taken its share of the time: whoever asks then is told what is known, so that no
  /// number of questions keeps anything else from going on.
  mutating func look(_ time: any TimeSource, _ files: () throws -> SimSources.Files) rethrows {
    let began = time.monotonicSeconds
    guard began >= nextLook else { return }
    look(try files())
    let took = time.monotonicSeconds - began
    nextLook = took < Self.files.free ? began : began + took / Self.files.share
  }

  private mutating func look(_ files: SimSources.Files) {
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
    if time.monotonicSeconds >= nextNews {
      nextNews = time.monotonicSeconds + Self.files.seconds
      try look(time, files)
    }
    defer { untold = [] }
    return untold.map { ServedEvent(nil, $0, $0 == .training ? training : study) }
  }
}
