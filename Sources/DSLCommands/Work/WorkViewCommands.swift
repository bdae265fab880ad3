import ArgumentParser
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

extension WorkItemView {
  /// All that is known of the item; with `record` under that name if wished.
  func json(withRecord: Bool) -> JSONValue {
    var object: JSONObject = [
      "id": .string(id), "state": .string(state.rawValue), "file": .string(file), "priority": .int(priority),
      "created": created?.json ?? .null, "attempts": .int(attempts), "max_attempts": .optional(maxAttempts),
      "agent": .optional(agent), "epoch": .int(epoch), "lease_until": leaseUntil?.json ?? .null,
      "not_before": notBefore?.json ?? .null, "preferred": .optional(preferred),
      "percent": .optional(percent),
      "note": .optional(note), "finished": finished?.json ?? .null,
    ]
    if withRecord {
      object["record"] = (try? JSONParser.parse(record)) ?? .string(String(decoding: record, as: UTF8.self))
    }
    return .object(object)
  }
}

extension QueueStatistics {
  /// Totals by state, and the claims of each agent.
  var json: JSONValue {
    [
      "pending": .int(pending), "waiting": .int(waitingForRetry), "claimed": .int(claimed),
      "expired": .int(expired), "failed": .int(failed), "quarantined": .int(quarantined),
      "oldest_pending": oldestPending?.json ?? .null,
      "agents": .array(
        agents.map { ["agent": .string($0.agent), "claims": .int($0.count), "expired": .int($0.expired)] }),
    ]
  }

  /// The totals in a line.
  fileprivate var line: String {
    "pending \(pending), waiting \(waitingForRetry), claimed \(claimed), expired \(expired), failed \(failed), "
      + "quarantined \(quarantined)"
  }
}
