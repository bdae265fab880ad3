import ArgumentParser
import Autonomy
import Coordination
import DSLBase

extension WorkState: ExpressibleByArgument {}

/// `dsl work list`: items and where they are in their life.
struct WorkListCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List items: live ones in the order of claiming, then finished ones.")
  static let reportName = "work-list"

  @Option(name: .long, help: "Only items in this state; may be repeated.")
  var state: [WorkState] = []

  @Option(help: "Only items that this worker holds.")
  var agent: String?

  @Option(name: .shortAndLong, help: "Items to list at most.")
  var limit = 100

  @Option(help: ArgumentHelp("Go on behind this item.", valueName: "id"))
  var after: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let queue = try context.queue(.readOnly)
    let items = try queue.list(WorkFilter(states: state, agent: agent, limit: limit, after: after))
    let totals = try queue.statistics()
    let now = context.time.now
    let data: JSONValue = [
      "items": .array(items.map { $0.json(withRecord: false) }), "totals": totals.json,
    ]
    var report = Report(Self.reportName, data) { paint in
      var table = TextTable(header: ["id", "state", "priority", "age", "attempts", "agent", "progress"])
      table.rightAligned = [2, 3, 4]
      for item in items {
        table.rows.append([
          Shown.safe(item.id), item.state.rawValue, String(item.priority),
          Shown.age(item.created.map { now.seconds(since: $0) }), String(item.attempts),
          Shown.safe(item.agent ?? "-"), item.percent.map { Shown.number($0, decimals: 0) + "%" } ?? "-",
        ])
      }
      return table.text(paint) + totals.line + "\n"
    }
    report.warnings = queue.takeWarnings()
    return report
  }
}

/// `dsl work show`: one item whole.
struct WorkShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one item with its record.")
  static let reportName = "work-show"

  @Argument(help: "The item's id.")
  var id: String

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let item = try context.queue(.readOnly).show(id)
    let data = item.json(withRecord: true)
    return Report(Self.reportName, data) { paint in
      var table = TextTable()
      for member in data.object ?? [:] where member.key != "record" && member.value != .null {
        table.rows.append([paint(member.key, .quiet), Shown.safe(member.value.string ?? member.value.text())])
      }
      let record = (try? JSONParser.parse(item.record))?.text(.pretty)
      return table.text(paint) + (record ?? Shown.safe(String(decoding: item.record, as: UTF8.self))) + "\n"
    }
  }
}

extension QueueStatistics {
  /// The totals in a line.
  fileprivate var line: String {
    "pending \(pending), waiting \(waitingForRetry), claimed \(claimed), expired \(expired), failed \(failed), "
      + "quarantined \(quarantined)"
  }
}
