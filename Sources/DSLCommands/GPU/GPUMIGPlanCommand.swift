import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu mig plan`: from the instances that are there to those that are wanted.
struct GPUMIGPlanCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Plan how a GPU gets the instances that are wanted, beside those that run.",
    discussion: """
      Idle instances in the way are destroyed, or used as they are; every step leaves a legal layout. Running instances
      stay untouched without --drain; with it those are drained that cost least together, and what is drained
      comes back elsewhere on the GPU where there is room. Nothing is changed: the steps are for whoever acts on them.

      Examples:
        dsl gpu mig plan --model A100-80GB --have '3g.40gb@4:running,1g.10gb@0' --want 2g.20gb,2g.20gb
        dsl gpu mig plan --have '3g.40gb@0:running=120,1g.10gb@5' --want 2g.20gb,2g.20gb --drain

      Exit status: 5 when running instances are in the way and --drain is not given, 65 when nothing can hold it.
      """)
  static let reportName = "gpu-mig-plan"

  @OptionGroup var model: MIGModelOptions

  @Option(
    help: ArgumentHelp(
      "What the GPU has: PROFILE@START[:idle|:running[=COST]],…; a cost without a number is the memory slots.",
      valueName: "instances"))
  var have = ""

  @Option(help: ArgumentHelp("What it shall have idle beside them: PROFILE,….", valueName: "profiles"))
  var want: String

  @Flag(help: "Running instances may be drained.")
  var drain = false

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let geometry = try model.geometry()
    let tenants = try MIGModelOptions.items(have).map { try Self.tenant($0, geometry) }
    let wanted = try MIGModelOptions.items(want).map {
      try MIGModelOptions.profile($0, geometry, flag: "--want")
    }
    let plan = try MIGPlan(geometry, have: tenants, want: wanted, mayDrain: drain)
    func texts(_ instances: [MIGInstance]) -> JSONValue { .strings(instances.map { geometry.text($0) }) }
    let steps = plan.steps.map { Self.step($0, geometry) }
    let data: JSONValue = [
      "model": .string(geometry.model),
      "steps": .array(steps.map { ["action": .string($0.action), "instance": .string($0.instance)] }),
      "reused": texts(plan.reused), "replacements": texts(plan.replacements),
      "displaced": texts(plan.displaced), "drain_cost": .double(plan.drainCost), "result": texts(plan.result),
    ]
    return Report(Self.reportName, data) { _ in
      var lines = steps.enumerated().map { "\($0.offset + 1). \($0.element.action) \($0.element.instance)" }
      if steps.isEmpty { lines.append("nothing to do") }
      if !plan.reused.isEmpty { lines.append("used as they are: " + Self.list(plan.reused, geometry)) }
      if !plan.drained.isEmpty { lines.append("drain cost: \(plan.drainCost)") }
      if !plan.displaced.isEmpty {
        lines.append("no room to come back: " + Self.list(plan.displaced, geometry))
      }
      lines.append("then: " + Self.list(plan.result, geometry))
      return lines.joined(separator: "\n") + "\n"
    }
  }

  private static func list(_ instances: [MIGInstance], _ geometry: MIGGeometry) -> String {
    instances.map { geometry.text($0) }.joined(separator: " ")
  }

  private static func step(
    _ step: MIGPlan.Step, _ geometry: MIGGeometry
  ) -> (action: String, instance: String) {
    switch step {
    case .destroy(let instance): ("destroy", geometry.text(instance))
    case .drain(let instance): ("drain", geometry.text(instance))
    case .create(let instance): ("create", geometry.text(instance))
    }
  }

  /// An instance as people write it: "3g.40gb@0:running=120".
  private static func tenant(_ text: String, _ geometry: MIGGeometry) throws(DSLError) -> MIGTenant {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let place = parts[0].split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count <= 2, place.count == 2, let start = Int(place[1]) else { throw malformed(text) }
    let profile = try MIGModelOptions.profile(String(place[0]), geometry, flag: "--have")
    let instance = MIGInstance(profile: profile, start: start)
    let state = parts.count == 2 ? parts[1] : "idle"
    if state == "idle" { return MIGTenant(instance) }
    if state == "running" {
      return MIGTenant(instance, drainCost: Double(geometry.profiles[profile].memorySlots))
    }
    guard state.hasPrefix("running="), let cost = Double(state.dropFirst("running=".count)), cost.isFinite,
      cost >= 0
    else { throw malformed(text) }
    return MIGTenant(instance, drainCost: cost)
  }

  private static func malformed(_ text: String) -> DSLError {
    DSLError(
      .invalidInput,
      "--have \(text): expected PROFILE@START, PROFILE@START:running or PROFILE@START:running=COST",
      fix: "for example 3g.40gb@4:running=120")
  }
}
