import ArgumentParser
import Coordination
import DSLBase
import GPUScheduling

/// `dsl gpu reclaim`: who has to go so that memory under pressure is relieved.
struct GPUReclaimCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "reclaim", abstract: "Choose who has to go where memory in use comes near its limit.",
    discussion: """
      Looks at the memory in use that the cluster file tells of: of GPUs, MIG instances and nodes. Where more than --above is
      in use, whole workloads are chosen until at most --below is: the lowest priorities first, then the least cost, a
      gang never in part, and nobody who may not be preempted. Nothing is changed: the victims are for whoever acts on them.

      With --gangs FILE gangs that lack members are remembered from call to call; those that have lacked them for the
      profile's stale_after are released first.

      Examples:
        dsl gpu reclaim --cluster cluster.yaml
        dsl gpu reclaim --cluster cluster.yaml --above 95% --below 85% --gangs gangs.json --format json

      Exit status: 1 when memory stays above --above whoever may go goes, 65 when the file tells of no memory in use.
      """)
  static let reportName = "gpu-reclaim"

  @OptionGroup var options: ClusterOptions

  @Option(help: ArgumentHelp("Memory with more in use is under pressure.", valueName: "percent"))
  var above = "90%"

  @Option(
    help: ArgumentHelp(
      "What it is brought down to; 80%, or --above where that is less, unless given.", valueName: "percent"))
  var below: String?

  @Option(
    help: ArgumentHelp(
      "Remember here since when gangs lack members, and release stale ones.", valueName: "file"))
  var gangs: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let above = try Self.percent(above, "--above")
    let bounds = ReclaimBounds(
      above: above, below: try below.map { try Self.percent($0, "--below") } ?? min(80, above))
    guard bounds.below <= bounds.above else {
      throw DSLError(
        .invalidInput, "--below \(below ?? "") is more than --above \(self.above)",
        fix: "give a --below that is not above it")
    }
    let (scheduler, notes) = try options.scheduler(context)
    let now = context.time.now.seconds
    let stale = try staleGangs(scheduler, now: now, context)
    let reclaim = scheduler.reclaim(bounds, now: now, leaving: Set(stale.map(\.workload)))
    let isBlind = reclaim.pools.isEmpty
    guard !isBlind || gangs != nil else {
      throw DSLError(.invalidInput, unmeasured, fix: Self.measuring)
    }
    let text = ReclaimText(scheduler: scheduler, reclaim: reclaim, bounds: bounds, stale: stale)
    var report = Report(Self.reportName, text.json) { text.table($0) }
    report.warnings = notes + text.warnings
    if isBlind { report.warnings.append("\(unmeasured), so only gangs were looked at: \(Self.measuring)") }
    if reclaim.stuck > 0 { report.status = .gateFailed }
    return report
  }

  private var unmeasured: String { "\(Input.name(options.cluster)) tells of no memory in use" }
  private static let measuring =
    "give gpu_memory_used of nodes or of what runs there; dsl gpu discover writes it of a node"

  /// "90%" or "90".
  private static func percent(_ text: String, _ flag: String) throws(DSLError) -> Double {
    let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
    guard let value = Double(digits), (1...100).contains(value) else {
      throw DSLError(.invalidInput, "\(flag) \(text): expected 1% to 100%")
    }
    return value
  }

  /// Gangs that have lacked members for long enough, by what earlier calls remembered.
  private func staleGangs(_ scheduler: ClusterScheduler, now: Double, _ context: Context) throws
    -> [StaleGang]
  {
    guard let gangs else { return [] }
    var (watch, isThere) = (StaleGangs(), false)
    do throws(FileError) {
      isThere = try context.files.status(gangs) != nil
    } catch {
      throw error.asDSLError
    }
    if isThere {
      watch = try StaleGangs(try Input.json(Array(try context.text(of: gangs).utf8), gangs), file: gangs)
    }
    let stale = watch.observe(scheduler.state, now: now, after: scheduler.profile.staleAfter)
    try AtomicFile.commit(context.files, gangs, Array((watch.json.text(.pretty) + "\n").utf8))
    return stale
  }
}
