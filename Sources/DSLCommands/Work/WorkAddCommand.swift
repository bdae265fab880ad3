import ArgumentParser
import Coordination
import DSLBase

/// `dsl work add`: new items, from arguments or as JSON Lines.
struct WorkAddCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add work items, durably, all or none.",
    discussion: """
      An item is any JSON object. id, status, created, priority and attempts are filled in where they are missing.
        dsl work add '{"task":"compress","path":"a.log"}' --priority high
        jq -c '.[]' items.json | dsl work add -
      """)
  static let reportName = "work-add"

  @Argument(help: "The items, each a JSON object; - reads JSON Lines from stdin.")
  var items: [String] = []

  @Option(
    name: .long, help: ArgumentHelp("Read JSON Lines from a file.", valueName: "file"), completion: .file())
  var from: String?

  @Option(help: "The id of the item; only with a single one.")
  var id: String?

  @Option(help: "critical, high, medium, low or a number; for items that have none.")
  var priority: String?

  @Flag(help: "Pass over items whose id is taken, so that an interrupted call can be repeated.")
  var skipExisting = false

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    guard !items.isEmpty || from != nil else {
      throw ValidationError("Give at least one item, - for stdin, or --from FILE.")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    var new = try read(context)
    if let id {
      guard new.count == 1 else {
        throw ValidationError("--id goes with exactly one item, not \(new.count).")
      }
      new[0].id = id
    }
    let queue = try context.queue(.readWrite)
    let added = try queue.add(new, skipExisting: skipExisting)
    let data: JSONValue = [
      "added": .strings(added), "count": .int(added.count), "skipped": .int(new.count - added.count),
    ]
    var report = Report(Self.reportName, data) { _ in added.map { $0 + "\n" }.joined() }
    report.warnings = queue.takeWarnings()
    return report
  }

  private func read(_ context: Context) throws -> [NewWorkItem] {
    var values: [(place: String, value: JSONValue)] = []
    func append(lines path: String) throws {
      let name = Input.name(path)
      for (line, value) in try Input.jsonLines(try Input.bytes(path, context), name) {
        values.append(("\(name):\(line)", value))
      }
    }
    if let from { try append(lines: from) }
    for (number, item) in items.enumerated() {
      if item == "-" {
        try append(lines: "-")
      } else {
        values.append(("item \(number + 1)", try Input.json(Array(item.utf8), "item \(number + 1)")))
      }
    }
    return try values.map { place, value in
      guard var fields = value.object else {
        throw DSLError(.invalidInput, "\(place): expected a JSON object, found \(value.kind)")
      }
      if let priority, fields["priority"] == nil {
        fields["priority"] = Int(priority).map { .int($0) } ?? .string(priority)
      }
      return NewWorkItem(fields: fields)
    }
  }
}
