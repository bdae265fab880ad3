import ArgumentParser
import ClusterSim
import DSLBase

/// `dsl sim whatif`: another policy from a step on.
struct SimWhatIfCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "whatif",
    abstract: "Let another policy take over a recorded episode, over many draws of the noise to come.",
    discussion: """
      The policy watches what comes before, so that it remembers what it would remember. The draws follow from the key and
      the step: the same call gives the same numbers.

      Example:
        dsl sim whatif crashes/random-8000000000000003.blackbox.json --at 120 --policy heuristic --n 500
      """)
  static let reportName = "sim-whatif"

  @Argument(help: "A black box.", completion: .file(extensions: ["json"]))
  var file: String

  @Option(help: ArgumentHelp("Steps done when it takes over.", valueName: "step"))
  var at: Int

  @Option(
    name: .customLong("policy"),
    help: "A policy or a file of dsl sim train; heuristic without it. May be repeated.")
  var policies: [String] = []

  @Option(help: ArgumentHelp("Draws.", valueName: "count"))
  var n = 200

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let box = try BlackBoxFiles.read(file, context)
    let chosen = try (policies.isEmpty ? ["heuristic"] : policies).map { try SimPolicy($0, context) }
    var rows: [(name: String, result: WhatIf)] = []
    for policy in chosen {
      _ = try policy.fit(box.configuration)
      for member in policy.members {
        rows.append((member.policy.name, try WhatIf(box, at: at, member.policy, trials: n)))
      }
    }
    let results = rows
    let data = box.configuration.stamped([
      "file": .string(file), "at": .int(at), "trials": .int(n), "cause": .string(box.cause.name),
      "steps": .int(box.actions.count), "reward": .double(box.reward),
      "policies": .array(
        results.map {
          [
            "policy": .string($0.name), "survival": $0.result.survival.json, "steps": $0.result.steps.json,
            "reward": $0.result.reward.json,
          ]
        }),
    ])
    return Report(Self.reportName, data) { paint in
      var table = TextTable(header: ["policy", "survives %", "steps", "reward"])
      table.rightAligned = [1, 2, 3]
      for (name, result) in results {
        table.rows.append([
          name, result.survival.text(1, scale: 100), result.steps.text(1), result.reward.text(1),
        ])
      }
      return "from step \(at) of \(box.actions.count), \(n) draws; it was \(box.cause.name), "
        + "reward \(Shown.number(box.reward, decimals: 1)); \(box.configuration.stamp)\n" + table.text(paint)
    }
  }
}
