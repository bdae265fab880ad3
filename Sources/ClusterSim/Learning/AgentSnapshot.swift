package import DSLBase

/// What was learned, or the whole state of training, as bytes.
///
/// A line of JSON, then the numbers it names as 32-bit floats, low byte first, then SHA-256 over all before it, 32 bytes:
/// `head -1 FILE | jq` shows what a file holds. While training goes on it holds all that going on needs; afterwards the values that did best.
package struct AgentSnapshot: Sendable {
  /// The first member of the line.
  package static let format = "resonetics.agent/1"

  /// Bytes at the start of a file that tell whether it is one.
  package static let headCount = 200

  /// Whether a file says of itself, at its start, that it is one, of whatever version.
  package static func isOne(_ head: [UInt8]) -> Bool {
    String(decoding: head.prefix(headCount), as: UTF8.self).contains("\"resonetics.agent/")
  }

  /// The longest file that is read.
  package static let limit = 1 << 30

  package var configuration: ClusterConfiguration
  package var settings: TrainingSettings
  package var episodesDone: Int
  package var stepsDone: Int
  package var bestScore: Double?
  package var bestAtEpisode: Int?
  var difficulties: [Trainer.Difficulty]
  /// By name: `best`, and while training goes on `learned` and `averages`.
  var arrays: [(name: String, values: [Float])]

  /// Whether training is over.
  package var isDone: Bool { episodesDone >= settings.episodes }

  /// SHA-256 of the values that act, 64 hexadecimal digits.
  package var valuesDigest: String { SHA256.hex(of: Self.bytes(acting)) }

  private var acting: [Float] { array("best") ?? array("averages") ?? [] }

  func array(_ name: String) -> [Float]? { arrays.first { $0.name == name }?.values }

  /// What was learned, as a policy.
  ///
  /// - Parameter name: the word for it in results.
  package func policy(name: String = "q") -> LearnedPolicy {
    LearnedPolicy(
      coder, settings.view, height: configuration.height, width: configuration.width, values: acting,
      name: name)
  }

  fileprivate var coder: FeatureCoder {
    FeatureCoder(
      settings.approximation, settings.view, height: configuration.height, width: configuration.width)
  }

  /// The file.
  package var bytes: [UInt8] {
    let header: JSONValue = [
      "format": .string(Self.format), "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "configuration_sha256": .string(configuration.digest), "configuration": configuration.json,
      "settings": settings.json, "episodes_done": .int(episodesDone), "steps_done": .int(stepsDone),
      "best_score": .optional(bestScore), "best_at_episode": .optional(bestAtEpisode),
      "levels": .array(difficulties.map { .int($0.level) }),
      "survivals": .array(difficulties.map { .int($0.survivals) }),
      "arrays": .array(arrays.map { ["name": .string($0.name), "count": .int($0.values.count)] }),
    ]
    var out = header.serialized() + [0x0A]
    for array in arrays { out += Self.bytes(array.values) }
    return out + SHA256.digest(of: out)
  }

  private static func bytes(_ values: [Float]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(4 * values.count)
    for value in values {
      let bits = value.bitPattern
      for shift in 0..<4 { out.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt32(shift)))) }
    }
    return out
  }
}

extension AgentSnapshot {
  /// Reads a file.
  ///
  /// - Parameters:
  ///   - name: of the file, for messages.
  ///   - expected: the configuration that it has to be of; any without it.
  /// - Throws: ``DSLError`` with code `corrupt` for what is no snapshot, cut or changed, `invalid_input` for another version of the dynamics or
  ///   another size of the grid.
  package init(_ bytes: [UInt8], name: String) throws(DSLError) {
    guard let end = bytes.firstIndex(of: 0x0A), bytes.count >= end + 1 + SHA256.byteCount,
      let parsed = try? JSONParser.parse(Array(bytes[..<end]))
    else {
      throw DSLError(.corrupt, "\(name) is no snapshot of an agent", fix: "give a file of dsl sim train")
    }
    let fields = try JSONFields(parsed, name)
    guard fields["format"]?.string == Self.format else {
      throw DSLError(
        .invalidInput, "\(name) has the format \(fields["format"]?.string ?? "of something else")",
        fix: "this build reads \(Self.format)")
    }
    guard SHA256.digest(of: Array(bytes.dropLast(SHA256.byteCount))) == Array(bytes.suffix(SHA256.byteCount))
    else {
      throw DSLError(
        .corrupt, "\(name) is cut or changed: its digest is another", fix: "train or copy it again")
    }
    let version = try fields.int("dynamics_version")
    guard version == ClusterConfiguration.dynamicsVersion else {
      throw DSLError(
        .invalidInput,
        "\(name) was trained on dynamics \(version), this build has \(ClusterConfiguration.dynamicsVersion)",
        fix: "train anew, or use the build that trained it")
    }
    configuration = try ClusterConfiguration(json: .object(fields.object("configuration")))
    settings = try TrainingSettings(json: .object(fields.object("settings")))
    (episodesDone, stepsDone) = (try fields.int("episodes_done"), try fields.int("steps_done"))
    (bestScore, bestAtEpisode) = (fields["best_score"]?.double, fields["best_at_episode"]?.int)
    let (levels, survivals) = (try fields.array("levels"), try fields.array("survivals"))
    difficulties = zip(levels, survivals).map {
      Trainer.Difficulty(level: $0.int ?? 0, survivals: $1.int ?? 0)
    }
    arrays = []
    var at = end + 1
    for item in try fields.array("arrays") {
      let array = try JSONFields(item, "\(name): arrays")
      let count = try array.int("count")
      guard count >= 0, count <= (bytes.count - SHA256.byteCount - at) / 4 else {
        throw DSLError(.corrupt, "\(name): an array of \(count) numbers does not fit")
      }
      arrays.append((try array.string("name"), Self.floats(bytes[at..<at + 4 * count])))
      at += 4 * count
    }
    try expectShape(name)
  }

  private static func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { at in
      Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
    }
  }

  /// The arrays are as long as the settings ask for: no value is read past an end.
  private func expectShape(_ name: String) throws(DSLError) {
    let count = coder.rows * Action.count
    let learned = (settings.doubleQ ? 2 : 1) * count
    let fits = arrays.allSatisfy { $0.values.count == ($0.name == "learned" ? learned : count) }
    let isWhole = isDone ? array("best") != nil : array("learned") != nil && array("averages") != nil
    guard fits, isWhole, difficulties.count == Trainer.lanes else {
      throw DSLError(.corrupt, "\(name) does not hold what its settings ask for", fix: "train it again")
    }
  }
}

extension Trainer {
  /// The state between two rounds.
  package var snapshot: AgentSnapshot {
    var arrays: [(name: String, values: [Float])] = best.map { [("best", $0.values)] } ?? []
    if !isDone { arrays += [("learned", values.all), ("averages", values.averages)] }
    return AgentSnapshot(
      configuration: configuration, settings: settings, episodesDone: episodesDone, stepsDone: stepsDone,
      bestScore: best?.score, bestAtEpisode: best?.atEpisode, difficulties: difficulties, arrays: arrays)
  }

  /// A learner that goes on where a snapshot was taken.
  ///
  /// - Throws: ``DSLError`` with code `invalid_state` when its training is over.
  package convenience init(resuming snapshot: AgentSnapshot) throws(DSLError) {
    try self.init(snapshot.configuration, snapshot.settings)
    guard !snapshot.isDone else {
      throw DSLError(
        .invalidState, "its training is over after \(snapshot.episodesDone) episodes",
        fix: "train anew with more episodes: the schedules follow their number")
    }
    (episodesDone, stepsDone) = (snapshot.episodesDone, snapshot.stepsDone)
    difficulties = snapshot.difficulties
    values.all = snapshot.array("learned") ?? []
    values.averages = snapshot.array("averages") ?? []
    if let score = snapshot.bestScore, let at = snapshot.bestAtEpisode, let array = snapshot.array("best") {
      best = Best(score: score, atEpisode: at, values: array)
    }
  }
}
