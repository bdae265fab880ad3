import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu place`: where one workload goes.
struct GPUPlaceCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "place", abstract: "Choose nodes and GPUs for one workload, all members or none.",
    discussion: """
      Nothing is changed: the bindings are for whoever acts on them. Where it does not fit, --move looks for pods that could
      move and --preempt for ones of lower priority that could go, a gang only whole.

      Examples:
        dsl gpu place llama --cluster cluster.yaml --gpus 4 --locality nvlink --required
        dsl gpu place train --cluster cluster.yaml --members 16 --gpus 1 --locality rack --priority 10 --preempt

      Exit status: 1 when there is no place.
      """)
  static let reportName = "gpu-place"

  @Argument(help: "The workload's name.")
  var name: String

  @OptionGroup var options: ClusterOptions
  @OptionGroup var wanted: WorkloadOptions

  @Flag(help: "Pods may move to make room.")
  var move = false

  @Flag(help: "Workloads of lower priority may be evicted.")
  var preempt = false

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let (scheduler, notes) = try options.scheduler(context)
    let workload = try wanted.workload(named: name)
    guard scheduler.state.members[name] == nil else {
      throw DSLError(.conflict, "workload \(name) runs already", fix: "choose another name")
    }
    var placement = scheduler.preferredChoice(workload)
    var (moves, eviction) = (Consolidation?.none, Preemption?.none)
    if placement == nil, move {
      moves = scheduler.consolidation(for: workload)
      placement = moves?.placement
    }
    if placement == nil, preempt {
      eviction = scheduler.preemption(for: workload, now: context.time.now.seconds)
      placement = eviction?.placement
    }
    let cluster = scheduler.state.cluster
    let explanation =
      placement == nil ? scheduler.explanation(of: workload, now: context.time.now.seconds) : nil
    let data: JSONValue = [
      "workload": .string(name), "placed": .bool(placement != nil),
      "placement": placement.map { cluster.json($0) } ?? .null,
      "moves": moves.map { cluster.json($0)["moves"] ?? .null } ?? [],
      "victims": eviction.map { cluster.json($0)["victims"] ?? .null } ?? [],
      "reasons": explanation.map { PlacementText.reasons($0) } ?? [],
    ]
    var report = Report(Self.reportName, data) { _ in
      guard let placement else { return PlacementText.refusal(explanation, cluster) }
      return PlacementText.placement(placement, moves: moves, eviction: eviction, cluster)
    }
    report.warnings = notes
    if placement == nil { report.status = .gateFailed }
    return report
  }
}

/// Placements in words.
enum PlacementText {
  static func placement(
    _ placement: WorkloadPlacement, moves: Consolidation?, eviction: Preemption?, _ cluster: Cluster
  ) -> String {
    var lines = placement.bindings.map { "\(Shown.safe($0.pod)): \(Shown.safe(cluster.text($0)))" }
    lines.append("\(Shown.safe(placement.domain)), score \(Shown.number(placement.score, decimals: 3))")
    for move in moves?.moves ?? [] {
      lines.append(
        "first move \(Shown.safe(move.from.pod)) from \(Shown.safe(cluster.text(move.from))) to \(Shown.safe(cluster.text(move.to)))"
      )
    }
    for victim in eviction?.victims ?? [] {
      let hours = Shown.number(victim.lostGPUHours, decimals: 1)
      lines.append(
        "first evict \(Shown.safe(victim.workload.name)), \(victim.pods.count) pods, \(hours) GPU-hours lost")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func refusal(_ explanation: PlacementExplanation?, _ cluster: Cluster) -> String {
    guard let explanation else { return "no place\n" }
    let wanted = explanation.workload
    var lines = ["no place for \(Shown.safe(wanted.name))"]
    if wanted.members > 1 {
      lines[0] += ": room for \(explanation.mostMembers) of \(wanted.members) members together"
    }
    for (filter, count) in counts(explanation) { lines.append("  \(count) nodes: \(filter)") }
    if let nearest = explanation.nearest, let obstacle = explanation.findings[nearest].obstacle {
      lines.append("nearest: \(Shown.safe(cluster.nodes[nearest].name)) \(Shown.safe(obstacle.reason))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// How many nodes each filter keeps out, in the order of the filters.
  static func reasons(_ explanation: PlacementExplanation) -> JSONValue {
    .array(counts(explanation).map { ["filter": .string($0.0), "nodes": .int($0.1)] })
  }

  private static func counts(_ explanation: PlacementExplanation) -> [(String, Int)] {
    Obstacle.Filter.allCases.compactMap { filter in
      let count = explanation.findings.count { $0.obstacle?.filter == filter }
      return count == 0 ? nil : (filter.rawValue, count)
    }
  }
}
