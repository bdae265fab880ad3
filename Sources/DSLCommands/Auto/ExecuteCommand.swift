import ArgumentParser
import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine

/// What the loop runs on.
struct BackendOption: ParsableArguments {
  @Option(
    help:
      "What to run on: files, gpu (docs/gpu.md) or sim (docs/simulator.md). Default: the setting backend.")
  var backend: String?

  /// The flag as a setting.
  var setting: SettingFlag? { DSLCommands.setting("backend", backend, "--backend") }

  /// This flag and `--policy` as settings. On a simulated cluster a policy of the simulator is one that proposes beside the rules.
  func settings(policy: String?, _ context: Context) throws -> [SettingFlag?] {
    guard let policy = policy.map(context.policyPath) else { return [setting] }
    guard try context.settings([setting]).settings.backend == SimBackend.word,
      try isOfSimulator(policy, context)
    else { return [DSLCommands.setting("policy", policy, "--policy"), setting] }
    return [DSLCommands.setting("sim.policy", policy, "--policy"), setting]
  }

  /// Whether a word is a rule of the simulator, or the path of a file of `dsl sim train`.
  private func isOfSimulator(_ policy: String, _ context: Context) throws -> Bool {
    if RulePolicies.named(policy) != nil { return true }
    let path = policy.hasPrefix("/") ? policy : "\(context.directory.path)/\(policy)"
    guard let head = try? context.files.read(path, at: 0, count: AgentSnapshot.headCount) else {
      return false
    }
    return AgentSnapshot.isOne(head)
  }
}

/// Flags that bound what a cycle may do.
struct GateOptions: ParsableArguments {
  @Option(
    name: .customLong("min-confidence"),
    help: ArgumentHelp("The least confidence a decision needs.", valueName: "share"))
  var minConfidence: String?

  @Flag(name: .customLong("dry-run"), help: "Decide and plan, but change nothing at all.")
  var dryRun = false

  @Flag(name: .customLong("auto-rollback"), help: "Undo decisions of earlier cycles that made health worse.")
  var autoRollback = false

  @Option(
    help:
      "default, dslmodel, or a policy file; on a simulated cluster also heuristic, threshold, random, oracle, or a file of dsl sim train."
  )
  var policy: String?

  @OptionGroup var backend: BackendOption

  /// The flags as settings.
  func settings(_ context: Context) throws -> [SettingFlag?] {
    [
      setting("gates.min_confidence", minConfidence, "--min-confidence"),
      dryRun ? setting("gates.dry_run", "true", "--dry-run") : nil,
      autoRollback ? setting("loop.auto_rollback", "true", "--auto-rollback") : nil,
    ] + (try backend.settings(policy: policy, context))
  }
}

/// `dsl auto execute`: one turn of the loop.
struct ExecuteCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "execute", abstract: "Decide and act once.",
    discussion: "A decision that a gate holds back says which gate and by how much.")
  static let reportName = "auto-execute"

  @Option(name: .shortAndLong, help: "Decisions that may take effect.")
  var max: Int?

  @Option(
    name: .customLong("force-confidence"),
    help: ArgumentHelp("In an emergency: the least confidence for this call alone.", valueName: "share"))
  var forceConfidence: String?

  @Option(
    help: ArgumentHelp(
      "Write metrics there afterwards, for the node exporter of Prometheus.",
      valueName: "file"), completion: .file())
  var textfile: String?

  @OptionGroup var gates: GateOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings(
      gates.settings(context) + [
        setting("gates.max_decisions_per_cycle", max, "--max"),
        setting("telemetry.textfile", textfile, "--textfile"),
        setting("gates.force_confidence", forceConfidence, "--force-confidence"),
      ])
    try loaded.requireReadable()
    let settings = loaded.settings
    return try await context.withEngine(settings, settings.gates.dryRun ? .dryRun : .act) { engine in
      var options = Cycle.Options()
      options.autoRollback = settings.loop.autoRollback
      var cycle = try await engine.runCycle(options)
      cycle.warnings += await engine.flush()
      var report = CycleView(cycle).report(Self.reportName)
      report.warnings = loaded.warnings + engine.warnings + report.warnings
      return report
    }
  }
}
