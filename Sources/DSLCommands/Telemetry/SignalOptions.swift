import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import SignalStore
import Telemetry

extension OTLPSignal: ExpressibleByArgument {}

/// The states of a span, as they are written.
enum SpanState: String, CaseIterable, ExpressibleByArgument {
  case unset, ok, error
}

/// Which records are meant.
struct SignalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only of this service.", valueName: "name"))
  var service: String?

  @Option(help: ArgumentHelp("Only of this name; a * at its end stands for anything.", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Only from then on: 2h (ago), or a time such as 2026-11-21T09:00:00Z.", valueName: "when"))
  var since: String?

  @Option(help: ArgumentHelp("Only before then, as --since.", valueName: "when"))
  var until: String?

  @Option(help: "Only spans of this status; error means also log records from severity 17 on.")
  var status: SpanState?

  @Option(
    name: .customLong("min-duration"),
    help: ArgumentHelp("Only spans that took as long: 250ms, 2s.", valueName: "time"))
  var minimumDuration: String?

  @Option(
    name: .customLong("attribute"),
    help: ArgumentHelp(
      "Only with this value of an attribute, its own or its resource's; may be repeated.",
      valueName: "key=value"))
  var attributes: [String] = []

  /// The query that they mean.
  func query(_ signal: OTLPSignal, limit: Int, now: Timestamp) throws -> SignalQuery {
    var query = SignalQuery(signal)
    query.service = service
    query.name = name
    query.since = try since.map { try Input.time($0, "--since", now: now) }
    query.until = try until.map { try Input.time($0, "--until", now: now) }
    query.status = status.map { state in
      switch state {
      case .unset: 0
      case .ok: 1
      case .error: 2
      }
    }
    query.minimumNanoseconds = try minimumDuration.map {
      Int64(min(try Input.seconds($0, "--min-duration"), 1e9) * 1e9)
    }
    query.attributes = try attributes.map { text in
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw DSLError(
          .invalidInput, "--attribute \(text): expected key=value, such as http.route=/cart")
      }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
    query.limit = limit
    return query
  }
}

extension Context {
  /// The telemetry of the directory, for looking: what is stored, and what files hold beside it. Creates nothing.
  ///
  /// - Returns: the store, what is not in it yet, and what deserves attention.
  func signals() throws -> (store: SignalStore, unread: [SignalBlock], warnings: [String]) {
    let store = try SignalStore(directory: directory, access: .readOnly)
    guard try directory.files.status(directory.path) != nil else { return (store, [], []) }
    let found = try store.unread(directory)
    var warnings = found.problems.prefix(3).map { "\($0.file), byte \($0.offset): \($0.reason)" }
    if found.refused > warnings.count {
      warnings.append("\(found.refused) parts of files cannot be read as telemetry")
    }
    if found.hasMore { warnings.append("there is more in files than is looked at: only 128 MiB of them are") }
    return (store, found.blocks, warnings)
  }
}
