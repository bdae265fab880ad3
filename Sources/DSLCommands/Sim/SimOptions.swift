import ArgumentParser
import ClusterSim
import DSLBase

/// Which cluster is simulated.
struct SimOptions: ParsableArguments {
  @Option(help: "The constants to start from: calm, canonical or storm.")
  var preset: String?

  @Option(help: ArgumentHelp("The grid, 6x6 without it.", valueName: "HxW"))
  var size: String?

  @Option(
    name: .customLong("config"),
    help: ArgumentHelp("Constants that differ, a JSON object.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var file: String?

  @Option(
    name: .customLong("constant"),
    help: ArgumentHelp(
      "A constant that differs, such as leak=0.0007. May be repeated.", valueName: "name=value"))
  var constants: [String] = []

  /// Whether any of them was given.
  var isGiven: Bool { preset != nil || size != nil || file != nil || !constants.isEmpty }

  /// The constants: those of the preset, changed by the file, then by the flags.
  ///
  /// - Parameter learned: of an agent that plays; taken where no flag asks for others.
  /// - Throws: `invalidInput` that names what is wrong.
  func configuration(_ context: Context, learned: ClusterConfiguration? = nil) throws -> ClusterConfiguration
  {
    if !isGiven, let learned { return learned }
    var changes = JSONObject()
    if let file {
      guard let object = try Input.json(try Input.bytes(file, context), Input.name(file)).object else {
        throw DSLError(.invalidInput, "\(Input.name(file)) is no object", fix: "give {\"leak\": 0.0007, …}")
      }
      changes = object
    }
    for text in constants {
      let (name, value) = try Self.pair(text, "--constant")
      changes[name] = value
    }
    return try ClusterConfiguration(
      preset: preset ?? "canonical", size: size, changes: changes, prefix: "--")
  }

  /// A name and a JSON value; a word that is no JSON is a string.
  static func pair(_ text: String, _ flag: String) throws -> (name: String, value: JSONValue) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw DSLError(.invalidInput, "\(flag) \(text): expected name=value")
    }
    return (String(parts[0]), (try? JSONParser.parse(Array(parts[1].utf8))) ?? .string(String(parts[1])))
  }
}

/// Which episodes are played.
struct EpisodeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Episodes of each policy.", valueName: "count"))
  var episodes: Int?

  @Option(help: "Of the episodes' keys.")
  var seed = 0

  @Option(help: ArgumentHelp("The number of the first episode.", valueName: "number"))
  var first = 0

  @Option(help: "The keys: training, validation or evaluation.")
  var space = "evaluation"

  @Option(help: ArgumentHelp("The level of difficulty, where there are any.", valueName: "number"))
  var level = 0

  /// The keys.
  ///
  /// - Parameter count: how many without `--episodes`.
  func keys(default count: Int) throws -> [UInt64] {
    guard let space = KeySpace.allCases.first(where: { $0.name == space }) else {
      throw DSLError(
        .invalidInput, "--space \(space)",
        fix: "give one of \(KeySpace.allCases.map(\.name).joined(separator: ", "))")
    }
    let count = episodes ?? count
    guard (1...1_000_000).contains(count) else {
      throw DSLError(.invalidInput, "--episodes \(count)", fix: "give 1 to 1000000")
    }
    guard first >= 0 else { throw DSLError(.invalidInput, "--first \(first)", fix: "give 0 or more") }
    return try space.keys(seed: seed, from: first, count: count)
  }

  /// What they are, for reports.
  var json: JSONObject {
    ["space": .string(space), "seed": .int(seed), "first": .int(first), "level": .int(level)]
  }

  /// The same for people.
  var text: String {
    "\(space) keys, seed \(seed), from episode \(first)" + (level == 0 ? "" : ", level \(level)")
  }
}

extension ClusterConfiguration {
  /// A result with the dynamics and the constants that it came of.
  func stamped(_ result: JSONObject) -> JSONValue {
    var object = result
    object["dynamics_version"] = .int(Self.dynamicsVersion)
    object["configuration_sha256"] = .string(digest)
    return .object(object)
  }

  /// The same for people.
  var stamp: String { "dynamics \(Self.dynamicsVersion), constants \(digest.prefix(12))" }

  /// What names a cluster in reports.
  var identity: JSONObject {
    [
      "dynamics_version": .int(Self.dynamicsVersion), "configuration_sha256": .string(digest),
      "configuration": json,
    ]
  }
}
