import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine

/// Who plays: a policy by its word, what was learned, by its file, or an engine, by its policy.
struct SimPolicy {
  /// One training of it, or the rule itself.
  struct Member {
    var policy: any ClusterSim.Policy
    /// SHA-256 of learned values, or of the text of an engine's policy.
    var digest: String?
    var snapshot: AgentSnapshot?
  }

  /// The word for it in reports.
  var name: String
  /// Several where files of several trainings were named together.
  var members: [Member]

  static let words = RulePolicies.words

  /// What stands before the policy of an engine.
  private static let enginePrefix = "engine:"

  /// - Parameter text: a word, files of one learner's trainings, separated by commas, or `engine:` and an engine's policy.
  /// - Throws: `notFound` for what is neither a word nor a file; what reading a snapshot or an engine's policy throws.
  init(_ text: String, _ context: Context) throws {
    if let rule = RulePolicies.named(text) {
      (name, members) = (text, [Member(policy: rule)])
      return
    }
    if text.hasPrefix(Self.enginePrefix) {
      name = text
      let (policy, source) = try Self.engine(
        String(text.dropFirst(Self.enginePrefix.count)), name: text, context)
      members = [Member(policy: policy, digest: SHA256.hex(of: Array(source.utf8)))]
      return
    }
    let files = text.split(separator: ",").map(String.init)
    name = files.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? text
    if files.count > 1 { name += " and \(files.count - 1) more" }
    members = try files.map { file in
      let name = file.split(separator: "/").last.map(String.init) ?? file
      let snapshot = try Self.snapshot(file, context)
      return Member(
        policy: snapshot.policy(name: name), digest: snapshot.valuesDigest, snapshot: snapshot)
    }
    guard !members.isEmpty else {
      throw DSLError(.invalidInput, "--policy \(text)", fix: "give \(Self.choices)")
    }
  }

  private static let choices =
    words.joined(separator: ", ") + ", a file of dsl sim train, or engine:FILE with an engine's policy"

  /// An engine with the policy, under the limits, gates and score in force, and the policy's text.
  private static func engine(
    _ policy: String, name: String, _ context: Context
  ) throws -> (EnginePolicy, source: String) {
    var settings = try context.settings().settings
    settings.backend = SimBackend.word
    let engine = try context.policyEngine(policy, settings)
    return (EnginePolicy(name: name, engine, settings.gates), engine.policy.source)
  }

  /// Reads what was learned.
  static func snapshot(_ file: String, _ context: Context) throws -> AgentSnapshot {
    guard file == "-" || (try? context.files.status(file)) != nil else {
      throw DSLError(.notFound, "there is no policy or file \(file)", fix: "give \(choices)")
    }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try context.files.read(file, limit: AgentSnapshot.limit)
    } catch {
      throw error.asDSLError
    }
    return try AgentSnapshot(bytes, name: file)
  }

  /// The constants that the first learner among them was trained on.
  static func learned(_ policies: [SimPolicy]) -> ClusterConfiguration? {
    policies.flatMap(\.members).lazy.compactMap { $0.snapshot?.configuration }.first
  }

  /// Learned values fit the grid; returns a warning where the other constants differ.
  ///
  /// - Throws: `invalidInput` for a grid of another size.
  func fit(_ configuration: ClusterConfiguration) throws -> [String] {
    var warnings: [String] = []
    for member in members {
      guard let trained = member.snapshot?.configuration, trained != configuration else { continue }
      guard (trained.height, trained.width) == (configuration.height, configuration.width) else {
        throw DSLError(
          .invalidInput, "\(name) was trained on \(trained.height)x\(trained.width) cells",
          fix: "play it on that size, or train one for \(configuration.height)x\(configuration.width)")
      }
      warnings.append("\(name) was trained on other constants than it plays on")
    }
    return warnings
  }
}
