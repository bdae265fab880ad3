import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl auto show`: one decision or cycle, whole.
struct ShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one decision or cycle with everything that is known of it.",
    discussion:
      "A decision comes with a timeline: asked for, answered, intended, each step, outcome, verdict, undo.")
  static let reportName = "auto-show"

  @Argument(help: "The id of a decision (d-…) or a cycle (c-…), or a beginning of it that only one has.")
  var id: String

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    guard let journal = try context.journal() else {
      throw DSLError(.notFound, "\(context.directory.path) has no journal, so nothing was decided here yet")
    }
    if id.hasPrefix("c-") {
      let cycle = try journal.cycle(id)
      var object = cycle.summary.object ?? [:]
      object["observation"] = cycle.record.observation
      object["settings"] = cycle.record.settings
      let decisions = try journal.decisions(DecisionFilter(cycle: cycle.record.id, limit: 1000))
      object["decisions"] = .array(try decisions.reversed().map { try whole($0, journal, context).json })
      let data = JSONValue.object(object)
      return Report(Self.reportName, data) { _ in YAMLText.of(data) }
    }
    let (data, timeline) = try whole(try journal.decision(id), journal, context)
    return Report(Self.reportName, data) { paint in timeline.text(paint) + YAMLText.of(data) }
  }

  private func whole(
    _ entry: JournaledDecision, _ journal: Journal, _ context: Context
  ) throws -> (json: JSONValue, timeline: DecisionTimeline) {
    let approval = try entry.approval.map { try Approval(stored: try journal.approval($0)) }
    let timeline = DecisionTimeline(entry, approval)
    var object = entry.whole.object ?? [:]
    object["approval"] = approval.map { $0.json(at: context.time.now) } ?? .null
    object["timeline"] = timeline.json
    return (.object(object), timeline)
  }
}
