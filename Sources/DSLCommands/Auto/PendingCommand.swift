import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl auto pending`: what waits for people.
struct PendingCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pending", abstract: "List decisions that wait for approval.",
    discussion: """
      Each with its plan, who proposed it and until when it waits. Changes nothing.
        dsl auto pending
        dsl auto pending --format json | jq -r '.pending[].id'
      """)
  static let reportName = "auto-pending"

  @Flag(help: "List those as well that are rejected, void, expired or used.")
  var all = false

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let now = context.time.now
    let stored = try context.journal()?.approvals(onlyOpen: !all) ?? []
    var found = try stored.map(Approval.init(stored:))
    if !all { found.removeAll { $0.status == .rejected || now >= $0.expiresAt } }
    let views = found.map { ApprovalView(approval: $0, now: now) }
    return Report(
      Self.reportName, ["pending": .array(found.map { $0.json(at: now) }), "count": .int(views.count)]
    ) { paint in
      views.isEmpty ? "nothing waits for approval\n" : views.map { $0.text(paint) }.joined()
    }
  }
}
