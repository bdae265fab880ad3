import ArgumentParser
import Coordination
import DSLBase

/// `dsl journal info`: size, age and form of the engine's stores.
struct JournalInfoCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Size, rows, age and mode of the journal and the queue's store.",
    discussion: "Changes nothing. Example: dsl journal info --format json | jq '.stores[].bytes'")
  static let reportName = "journal-info"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let journal = try context.journal()
    let journaled = try journal?.info()
    let queue = try WorkQueue.info(context.directory)
    let span = try journal?.span()
    let pruned = try journal?.pruned()
    let notes = try journal?.notes() ?? []
    let stores = [("journal", journaled), ("queue", queue)].compactMap { name, info in
      info.map { (name: name, info: $0) }
    }
    let data: JSONValue = [
      "stores": .array(stores.map { Self.json($0.name, $0.info) }),
      "oldest_cycle": span?.oldest.json ?? .null, "newest_cycle": span?.newest.json ?? .null,
      "pruned": pruned ?? .null,
      "notes": .array(notes.map { ["name": .string($0.name), "note": $0.note] }),
    ]
    return Report(Self.reportName, data) { paint in
      guard !stores.isEmpty else { return "nothing was journaled here yet\n" }
      return stores.map { Self.text($0.name, $0.info, paint) }.joined()
        + (span.map { "cycles from \($0.oldest) to \($0.newest)\n" } ?? "")
        + notes.map { Shown.safe("\($0.name): \($0.note.text())") + "\n" }.joined()
    }
  }

  private static func json(_ name: String, _ info: StoreInfo) -> JSONValue {
    var rows = JSONObject()
    for (table, count) in info.rows { rows[table] = .int(count) }
    return [
      "name": .string(name), "path": .string(info.path), "bytes": .int(info.bytes),
      "log_bytes": .int(info.logBytes), "free_bytes": .int(info.freeBytes),
      "mode": .string(info.mode.rawValue), "schema_version": .int(info.schemaVersion),
      "known_schema_version": .int(info.knownVersion), "rows": .object(rows),
    ]
  }

  private static func text(_ name: String, _ info: StoreInfo, _ paint: Paint) -> String {
    func size(_ bytes: Int64) -> String { Shown.number(Double(bytes) / 1024, decimals: 1) + " KiB" }
    var text = paint(name, .strong) + " " + Shown.safe(info.path) + "\n"
    text += "  \(size(info.bytes)), of which \(size(info.freeBytes)) free; log \(size(info.logBytes))\n"
    text += "  mode \(info.mode.rawValue), schema version \(info.schemaVersion)\n"
    return text + "  " + info.rows.map { "\($0.table) \($0.count)" }.joined(separator: ", ") + "\n"
  }
}
