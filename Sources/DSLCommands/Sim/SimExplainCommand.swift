import ArgumentParser
import ClusterSim
import DSLBase

/// `dsl sim explain`: why an episode failed.
struct SimExplainCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why a recorded episode failed, and until when it could have been saved.",
    discussion: """
      The memory of the doomed node and whether the agent had it in view; when it was last seen and visited; and for each
      policy the last step from which it would still have come to the time limit, with the noise of the episode.

      Example:
        dsl sim explain crashes/random-8000000000000003.blackbox.json --policy q.agent
      """)
  static let reportName = "sim-explain"

  @Argument(help: "A black box.", completion: .file(extensions: ["json"]))
  var file: String

  @Option(
    name: .customLong("policy"),
    help: "Who might have saved it: a policy or a file of dsl sim train. Heuristic and oracle without it.")
  var policies: [String] = []

  @Option(help: ArgumentHelp("Steps between points of the curve.", valueName: "steps"))
  var every = 25

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard every >= 1 else { throw ValidationError("--every \(every): expected 1 or more") }
  }

  func report(_ context: Context) async throws -> Report? {
    let box = try BlackBoxFiles.read(file, context)
    let chosen = try (policies.isEmpty ? ["heuristic", "oracle"] : policies).map {
      try SimPolicy($0, context)
    }
    for policy in chosen { _ = try policy.fit(box.configuration) }
    let explained = try ClusterSim.Explanation(
      box, policies: chosen.flatMap { $0.members.map(\.policy) }, every: every)
    let signature = try CrashSignature(box)
    let data = box.configuration.stamped([
      "file": .string(file), "policy": .string(box.policy), "key": .string(BlackBox.text(box.key)),
      "cause": .string(box.cause.name), "steps": .int(box.actions.count), "reward": .double(box.reward),
      "ooms": .int(box.ooms), "signature": .string(signature.name), "node": explained.node?.json ?? .null,
      "hot_since": .optional(explained.hotSince), "last_visible": .optional(explained.lastVisible),
      "last_visited": .optional(explained.lastVisited),
      "last_chances": .array(
        explained.lastChance.map { ["policy": .string($0.policy), "step": .optional($0.step)] }),
      "curve": .array(
        explained.curve.map {
          ["step": .int($0.step), "memory": .double($0.memory), "visible": .bool($0.isVisible)]
        }),
    ])
    return Report(Self.reportName, data) { Self.text(box, explained, signature, $0) }
  }

  private static func text(
    _ box: BlackBox, _ explained: ClusterSim.Explanation, _ signature: CrashSignature, _ paint: Paint
  ) -> String {
    func at(_ step: Int?) -> String { step.map { "step \($0)" } ?? "never" }
    var text =
      "\(paint(box.cause.name, box.cause.isFailure ? .bad : .warning)) after \(box.actions.count) steps of "
    text += "\(box.policy); reward \(Shown.number(box.reward, decimals: 1)), \(box.ooms) out of memory\n"
    text += "kind: \(signature.name); \(box.configuration.stamp)\n"
    if let node = explained.node {
      text +=
        "node (\(node.row), \(node.column)), \(node.isCritical ? "critical" : "not critical"): out of memory "
      text += "at step \(node.step), above 0.8 since \(at(explained.hotSince))\n"
      text += "last in view: \(at(explained.lastVisible)); last visited: \(at(explained.lastVisited))\n\n"
      var table = TextTable(header: ["step", "memory", "", "in view"])
      table.rightAligned = [0, 1]
      for sample in explained.curve {
        table.rows.append([
          "\(sample.step)", Shown.number(sample.memory, decimals: 3),
          String(repeating: "#", count: Int(sample.memory * 30)), sample.isVisible ? "yes" : "",
        ])
      }
      text += table.text(paint) + "\n"
    }
    for (policy, step) in explained.lastChance {
      text +=
        step.map { "\(policy) could have saved it until step \($0)\n" }
        ?? "\(policy) could not have saved it\n"
    }
    return text
  }
}
