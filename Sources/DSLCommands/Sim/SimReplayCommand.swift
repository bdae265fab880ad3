import ArgumentParser
import ClusterSim
import DSLBase

/// `dsl sim replay`: does recorded episodes again.
struct SimReplayCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Do recorded episodes again and compare every state, bit by bit.",
    discussion: """
      Exit status 1 when a state differs; the first step that does is named. So it is when the states are the same and the file
      tells something else of them. A file that was edited or cut, or that another version of the dynamics wrote, is refused.

      Examples:
        dsl sim replay crashes
        dsl sim replay crashes/random-8000000000000003.blackbox.json --curve 25 --format json
      """)
  static let reportName = "sim-replay"

  @Argument(
    help: "Files, or directories of them; those that dsl sim run and evaluate kept without any.",
    completion: .file(extensions: ["json"]))
  var paths: [String] = []

  @Option(
    help: ArgumentHelp("Give the episode's curve too, a point every so many steps.", valueName: "steps"))
  var curve: Int?

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if let curve, curve < 1 { throw ValidationError("--curve \(curve): expected 1 or more") }
  }

  func report(_ context: Context) async throws -> Report? {
    var rows: [JSONValue] = []
    var table = TextTable(header: ["file", "policy", "end", "steps", "replay"])
    table.rightAligned = [3]
    var diverged = 0
    for file in try BlackBoxFiles.named(paths, context) {
      let box = try BlackBoxFiles.read(file, context, isToBeTrue: false)
      var (step, member, word): (Int?, String?, String) = (nil, nil, "the same")
      switch try box.replay() {
      case .same: break
      case .diverged(let at): (step, word) = (at, "differs at step \(at)")
      case .mistold(let name): (member, word) = (name, "the same, but \(name) is another")
      }
      let isSame = step == nil && member == nil
      if !isSame { diverged += 1 }
      var row: JSONObject = [
        "file": .string(file), "policy": .string(box.policy), "key": .string(BlackBox.text(box.key)),
        "cause": .string(box.cause.name), "steps": .int(box.actions.count), "same": .bool(isSame),
        "diverged_at": .optional(step), "mistold": .optional(member),
      ]
      if let curve {
        row["curve"] = .array(try Playback(box).curve(every: curve).map(\.json))
      }
      rows.append(box.configuration.stamped(row))
      table.rows.append([file, box.policy, box.cause.name, "\(box.actions.count)", word])
    }
    let all = table
    var report = Report(Self.reportName, ["diverged": .int(diverged), "replays": .array(rows)]) {
      all.text($0)
    }
    if diverged > 0 { report.status = .gateFailed }
    return report
  }
}
