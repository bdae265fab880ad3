import ArgumentParser
import ClusterSim
import DSLBase

/// `dsl sim diff`: where two episodes part.
struct SimDiffCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Say where two recorded episodes part: the first action and the first state that differ.",
    discussion: """
      Example:
        dsl sim diff a.blackbox.json b.blackbox.json
      """)
  static let reportName = "sim-diff"

  @Argument(help: "A black box.", completion: .file(extensions: ["json"]))
  var first: String

  @Argument(help: "Another.", completion: .file(extensions: ["json"]))
  var second: String

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let boxes = try [first, second].map {
      (file: $0, box: try BlackBoxFiles.read($0, context, isToBeTrue: false))
    }
    let difference = EpisodeDifference(boxes[0].box, boxes[1].box)
    let data: JSONValue = [
      "same": .bool(
        difference.members.isEmpty && difference.firstAction == nil && difference.firstState == nil),
      "members": .strings(difference.members), "first_action": .optional(difference.firstAction),
      "first_state": .optional(difference.firstState),
      "episodes": .array(
        boxes.map {
          $0.box.configuration.stamped([
            "file": .string($0.file), "policy": .string($0.box.policy),
            "key": .string(BlackBox.text($0.box.key)),
            "steps": .int($0.box.actions.count), "reward": .double($0.box.reward),
            "cause": .string($0.box.cause.name),
          ])
        }),
    ]
    return Report(Self.reportName, data) { paint in
      var table = TextTable(header: ["file", "policy", "key", "steps", "reward", "end"])
      table.rightAligned = [3, 4]
      for (file, box) in boxes {
        table.rows.append([
          file, box.policy, BlackBox.text(box.key), "\(box.actions.count)",
          Shown.number(box.reward, decimals: 1), box.cause.name,
        ])
      }
      func at(_ step: Int?) -> String { step.map { "after \($0) steps" } ?? "never" }
      return table.text(paint)
        + "members that differ: \(difference.members.isEmpty ? "none" : difference.members.joined(separator: ", "))\n"
        + "first action that differs: \(at(difference.firstAction))\n"
        + "first state that differs: \(at(difference.firstState))\n"
    }
  }
}
