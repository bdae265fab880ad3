import ArgumentParser
import ClusterSim
import DSLBase

/// `dsl sim run`: plays episodes.
struct SimRunCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Play episodes of policies and say how each went.",
    discussion: """
      Every episode is recorded while it is played. Those in which a cell ran out of memory or the cluster failed are
      written to files that replay, explain, whatif, diff and cluster read.

      Examples:
        dsl sim run
        dsl sim run --policy random --episodes 20 --black-boxes crashes
        dsl sim run --policy q.agent --preset storm --key 80000000000002bc
      """)
  static let reportName = "sim-run"

  @OptionGroup var cluster: SimOptions

  @Option(
    name: .customLong("policy"),
    help:
      "random, threshold, heuristic, oracle, a file of dsl sim train, or engine:FILE. May be repeated.")
  var policies: [String] = []

  @OptionGroup var episodes: EpisodeOptions

  @Option(
    name: .customLong("key"),
    help: ArgumentHelp(
      "Play the episode of this key, 16 hexadecimal digits. May be repeated.", valueName: "hex"))
  var keys: [String] = []

  @OptionGroup var boxes: BlackBoxOptions

  @OptionGroup var global: GlobalOptions

  /// One episode that was played.
  private struct Played {
    var box: BlackBox
    var file: String?
  }

  func report(_ context: Context) async throws -> Report? {
    let chosen = try (policies.isEmpty ? ["heuristic"] : policies).map { try SimPolicy($0, context) }
    let configuration = try cluster.configuration(context, learned: SimPolicy.learned(chosen))
    let warnings = try chosen.flatMap { try $0.fit(configuration) }
    let keys = try keys.isEmpty ? episodes.keys(default: 1) : keys.map(Self.key)
    let players = chosen.flatMap { policy in policy.members }
    var played: [Played] = []
    var progress = Progress("episodes", total: players.count * keys.count, context)
    var shelf = BlackBoxShelf(boxes, context)
    for player in players {
      for key in keys {
        try Task.checkCancellation()
        let box = try BlackBox.record(
          configuration, player.policy, name: player.policy.name, policyDigest: player.digest, key: key,
          level: episodes.level)
        let file = box.isWorthKeeping ? try shelf.keep { box } : nil
        played.append(Played(box: box, file: file))
        progress.show(played.count)
      }
    }
    progress.end()
    let notes = shelf.close()
    let whereabouts = Report.whereabouts(shelf)
    var report = Report(Self.reportName, data(played, configuration)) {
      text(played, configuration, $0) + whereabouts
    }
    report.warnings = warnings + notes
    return report
  }

  private static func key(_ text: String) throws -> UInt64 {
    guard let key = UInt64(text, radix: 16) else {
      throw DSLError(.invalidInput, "--key \(text): expected up to 16 hexadecimal digits")
    }
    return key
  }

  private func data(_ played: [Played], _ configuration: ClusterConfiguration) -> JSONValue {
    var object = configuration.identity
    for member in episodes.json { object[member.key] = member.value }
    object["episodes"] = .array(
      played.map { played in
        var counts = [Int](repeating: 0, count: Action.count)
        for action in played.box.actions { counts[Int(action)] += 1 }
        return [
          "policy": .string(played.box.policy), "key": .string(BlackBox.text(played.box.key)),
          "steps": .int(played.box.actions.count), "reward": .double(played.box.reward),
          "ooms": .int(played.box.ooms), "cause": .string(played.box.cause.name),
          "actions": .array(counts.map { .int($0) }), "black_box": .optional(played.file),
        ]
      })
    return .object(object)
  }

  private func text(_ played: [Played], _ configuration: ClusterConfiguration, _ paint: Paint) -> String {
    var table = TextTable(header: ["policy", "key", "steps", "reward", "OOM", "end", "black box"])
    table.rightAligned = [2, 3, 4]
    for played in played {
      let cause = played.box.cause
      table.rows.append([
        played.box.policy, BlackBox.text(played.box.key), "\(played.box.actions.count)",
        Shown.number(played.box.reward, decimals: 1), "\(played.box.ooms)",
        paint(cause.name, cause.isFailure ? .bad : .good),
        played.file?.split(separator: "/").last.map(String.init) ?? "",
      ])
    }
    return "\(configuration.height)x\(configuration.width) cells, \(configuration.stamp), \(episodes.text)\n"
      + table.text(paint)
  }
}
