import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import Glibc

/// `dsl work claim`: takes items for a worker.
struct WorkClaimCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "claim", abstract: "Claim items: by priority, then age, for one worker alone.",
    discussion: """
      Prints one JSON object a line: id, epoch, token, agent, attempt, max_attempts, lease_until and work, the item's
      record. Prints nothing when there is nothing to claim.
      """)
  static let reportName = "work-claim"

  @Option(help: "The worker's name. Default: $DSL_AGENT_ID, else host and process of the calling shell.")
  var agent: String?

  @Option(name: .shortAndLong, help: "Items to claim at most.")
  var number = 1

  @Option(
    help: ArgumentHelp("How long the claim lasts unless renewed. Default: work.lease.", valueName: "duration")
  )
  var lease: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let settings = try context.settings([setting("work.lease", lease, "--lease")]).settings
    let queue = try context.queue(.readWrite)
    let claims = try queue.claim(
      agent: agent ?? context.defaultAgent, leaseSeconds: settings.work.leaseSeconds, count: number)
    let lines = claims.map(\.json)
    var report = Report(Self.reportName, ["claims": .array(lines), "count": .int(lines.count)]) { _ in
      lines.map { $0.text() + "\n" }.joined()
    }
    report.warnings = queue.takeWarnings()
    return report
  }
}

/// `dsl work renew`: prolongs claims.
struct WorkRenewCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew", abstract: "Prolong claims from now on.",
    discussion: "A claim that is no longer held is named and makes the exit status 5.")
  static let reportName = "work-renew"

  @OptionGroup var claim: ClaimArguments

  @Option(
    help: ArgumentHelp("How long the claim lasts from now on. Default: work.lease.", valueName: "duration"))
  var lease: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let settings = try context.settings([setting("work.lease", lease, "--lease")]).settings
    let references = try claim.references(context).map(\.claim)
    let queue = try context.queue(.readWrite)
    let lost = try queue.renew(references, leaseSeconds: settings.work.leaseSeconds)
    let renewed = references.map(\.id).filter { !lost.contains($0) }
    var report = Report(Self.reportName, ["renewed": .strings(renewed), "lost": .strings(lost)]) { _ in
      renewed.map { "renewed \($0)\n" }.joined()
    }
    report.errors = lost.map { "\($0): the claim is no longer held" }
    if !lost.isEmpty { report.status = .conflict }
    return report
  }
}

/// `dsl work release`: gives claims back.
struct WorkReleaseCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Give claims back unfinished; the attempt does not count.")
  static let reportName = "work-release"

  @OptionGroup var claim: ClaimArguments
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let references = try claim.references(context).map(\.claim)
    try context.queue(.readWrite).release(references)
    return Report(Self.reportName, ["released": .strings(references.map(\.id))]) { _ in
      references.map { "released \($0.id)\n" }.joined()
    }
  }
}

extension Context {
  /// Who claims when nobody is named.
  var defaultAgent: String {
    if let id = environment["DSL_AGENT_ID"], !id.isEmpty { return id }
    return "\(HostName.current)-\(getppid())"
  }
}

extension Claim {
  /// What a worker needs: the reference, the attempt, and the item's record under `work`.
  var json: JSONValue {
    [
      "id": .string(id), "epoch": .int(epoch), "token": .string(token), "agent": .string(agent),
      "attempt": .int(attempt), "max_attempts": .int(maxAttempts), "lease_until": leaseUntil.json,
      "file": .string(file), "work": (try? JSONParser.parse(record)) ?? .null,
    ]
  }
}
