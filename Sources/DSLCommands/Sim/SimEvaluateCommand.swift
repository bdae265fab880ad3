import ArgumentParser
import ClusterSim
import DSLBase

/// `dsl sim evaluate`: judges policies on the same episodes.
struct SimEvaluateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Judge policies on the same episodes: means with 95 % intervals, and differences pair by pair.",
    discussion: """
      Episodes have keys that no training or tuning uses, unless --space says otherwise. Files separated by commas are
      trainings of one learner: they are judged together, and the intervals take in how much trainings differ. engine:FILE is
      the engine with that policy, under the limits, score and gates in force: what dsl auto loop --backend sim would do.
      Failures are written to files that replay, explain, whatif, diff and cluster read.

      Examples:
        dsl sim evaluate
        dsl sim evaluate --policy heuristic --policy engine:cluster.yaml
        dsl sim evaluate --policy heuristic --policy q0.agent,q1.agent,q2.agent --episodes 2000
      """)
  static let reportName = "sim-evaluate"

  @OptionGroup var cluster: SimOptions

  @Option(
    name: .customLong("policy"),
    help:
      "random, threshold, heuristic, oracle, files of dsl sim train, or engine:FILE. May be repeated; the first four without it."
  )
  var policies: [String] = []

  @OptionGroup var episodes: EpisodeOptions

  @OptionGroup var boxes: BlackBoxOptions

  @OptionGroup var global: GlobalOptions

  /// A policy and how its episodes went, a group a training.
  private struct Judged {
    var policy: SimPolicy
    var groups: [[EpisodeOutcome]]
    var summary: EpisodeSummary
  }

  func report(_ context: Context) async throws -> Report? {
    let chosen = try (policies.isEmpty ? SimPolicy.words : policies).map { try SimPolicy($0, context) }
    let configuration = try cluster.configuration(context, learned: SimPolicy.learned(chosen))
    let warnings = try chosen.flatMap { try $0.fit(configuration) }
    let keys = try episodes.keys(default: 500)
    let judged = try play(chosen, keys, configuration, context)
    let base = judged[0]
    let differences = try judged.dropFirst().map {
      try PairedDifference($0.groups, less: base.groups)
    }
    var shelf = try write(judged, configuration, context)
    let notes = shelf.close()
    let whereabouts = Report.whereabouts(shelf)
    let data = data(judged, differences, configuration, keys.count, shelf)
    var report = Report(Self.reportName, data) { paint in
      "\(configuration.height)x\(configuration.width) cells, \(configuration.stamp), \(keys.count) episodes of \(episodes.text)\n"
        + Self.table(judged).text(paint) + whereabouts
    }
    report.warnings = warnings + notes
    return report
  }

  private func play(
    _ chosen: [SimPolicy], _ keys: [UInt64], _ configuration: ClusterConfiguration, _ context: Context
  ) throws -> [Judged] {
    let runner = EpisodeRunner(configuration)
    let players = chosen.reduce(0) { $0 + $1.members.count }
    var progress = Progress("episodes", total: players * keys.count, context)
    defer { progress.end() }
    var done = 0
    return try chosen.map { policy in
      let groups = try policy.members.map { member in
        var outcomes: [EpisodeOutcome] = []
        for first in stride(from: 0, to: keys.count, by: 64) {
          try Task.checkCancellation()
          let chunk = Array(keys[first..<min(first + 64, keys.count)])
          outcomes += try runner.run(member.policy, keys: chunk, level: episodes.level)
          done += chunk.count
          progress.show(done, "  \(policy.name)")
        }
        return outcomes
      }
      return Judged(policy: policy, groups: groups, summary: EpisodeSummary(groups))
    }
  }

  /// Plays the failures again, recorded: they come out the same.
  private func write(
    _ judged: [Judged], _ configuration: ClusterConfiguration, _ context: Context
  ) throws -> BlackBoxShelf {
    var shelf = BlackBoxShelf(boxes, context)
    for judged in judged {
      for (member, outcomes) in zip(judged.policy.members, judged.groups) {
        for outcome in outcomes where outcome.cause.isFailure || outcome.ooms > 0 {
          _ = try shelf.keep {
            try BlackBox.record(
              configuration, member.policy, name: member.policy.name, policyDigest: member.digest,
              key: outcome.key, level: episodes.level)
          }
        }
      }
    }
    return shelf
  }

  private func data(
    _ judged: [Judged], _ differences: [PairedDifference], _ configuration: ClusterConfiguration,
    _ count: Int, _ shelf: BlackBoxShelf
  ) -> JSONValue {
    var object = configuration.identity
    for member in episodes.json { object[member.key] = member.value }
    object["episodes"] = .int(count)
    object["policies"] = .array(
      judged.map { judged in
        var row = Self.estimates(
          judged.summary.reward, judged.summary.steps, judged.summary.ooms, judged.summary.failures)
        row["policy"] = .string(judged.policy.name)
        row["trainings"] = .int(judged.groups.count)
        var causes = JSONObject()
        for (cause, count) in zip(EndCause.allCases, judged.summary.causes) where cause != .none {
          causes[cause.name] = .int(count)
        }
        row["causes"] = .object(causes)
        return .object(row)
      })
    object["differences"] = .array(
      zip(judged.dropFirst(), differences).map { judged, difference in
        var row = Self.estimates(difference.reward, difference.steps, difference.ooms, difference.failures)
        row["policy"] = .string(judged.policy.name)
        return .object(row)
      })
    object["black_boxes"] = shelf.directory == nil ? .null : .int(shelf.count)
    object["black_box_directory"] = .optional(shelf.directory)
    return .object(object)
  }

  private static func estimates(
    _ reward: Estimate, _ steps: Estimate, _ ooms: Estimate, _ failures: Estimate
  ) -> JSONObject {
    ["reward": reward.json, "steps": steps.json, "ooms": ooms.json, "failures": failures.json]
  }

  private static func table(_ judged: [Judged]) -> TextTable {
    var table = TextTable(header: [
      "policy", "trainings", "reward", "steps survived", "OOM", "critical failure %",
    ])
    table.rightAligned = [1, 2, 3, 4, 5]
    for judged in judged {
      let summary = judged.summary
      table.rows.append([
        judged.policy.name, "\(summary.groups)", summary.reward.text(1), summary.steps.text(1),
        summary.ooms.text(2), summary.failures.text(1, scale: 100),
      ])
    }
    return table
  }
}

extension Estimate {
  var json: JSONValue {
    func rounded(_ x: Double) -> JSONValue { .double((x * 1e6).rounded() / 1e6) }
    return ["mean": rounded(mean), "low": rounded(low), "high": rounded(high)]
  }

  /// `185.2 [177.5, 192.6]`
  func text(_ decimals: Int, scale: Double = 1) -> String {
    func number(_ x: Double) -> String { Shown.number(x * scale, decimals: decimals) }
    return "\(number(mean)) [\(number(low)), \(number(high))]"
  }
}
