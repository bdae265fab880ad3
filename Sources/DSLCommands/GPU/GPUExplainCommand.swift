import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu explain`: why a workload goes where it goes, or nowhere.
struct GPUExplainCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say for every node why a workload may not go there, or how it scores.",
    discussion: """
      Nodes are listed with the first filter that fails or the terms of the score. Where the workload has no place, it says
      what may be evicted or moved for it, what would have to be freed whoever's it is, which node lacks least, and the
      nearest place: the one that it would have if it asked for one thing less. A workload that runs already, or one of its
      pods, needs no description: nodes are shown as if it were to be placed anew.

      Examples:
        dsl gpu explain llama --cluster cluster.yaml --gpus 4 --locality same-socket --required
        dsl gpu explain train-0 --cluster cluster.yaml
        dsl gpu explain chat-3 --manifests pools.yaml --cluster cluster.yaml
        kubectl get nodes,pods -A -o json | dsl gpu explain chat --cluster - --mig 3g.40gb --format json
      """)
  static let reportName = "gpu-explain"

  @Argument(help: "The workload's name, or that of a pod that runs.")
  var name: String

  @OptionGroup var options: ClusterOptions
  @OptionGroup var manifests: ManifestOptions
  @OptionGroup var wanted: WorkloadOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    var (scheduler, notes) = try options.scheduler(context)
    let running = try running(scheduler.state)
    let workload = try running.first?.workload ?? workload(context)
    if !running.isEmpty { scheduler.state.release(workload.name) }
    let explanation = scheduler.explanation(of: workload, now: context.time.now.seconds)
    let cluster = scheduler.state.cluster
    var report = Report(Self.reportName, Self.json(explanation, running, cluster)) {
      Self.text(explanation, running, cluster, $0)
    }
    report.warnings = notes
    return report
  }

  /// Where a workload of this name, or the workload of a pod of this name, runs.
  private func running(_ state: ClusterState) throws(DSLError) -> [Binding] {
    let workload = state.members[name] == nil ? state.bindings[name]?.workload.name ?? name : name
    let pods = state.members[workload] ?? []
    guard pods.isEmpty || !wanted.isGiven else {
      throw DSLError(
        .conflict, "workload \(workload) runs already",
        fix: "leave out what it asks for to see why it is there, or choose another name")
    }
    return pods.compactMap { state.bindings[$0] }
  }

  /// Described by flags, or a replica of a pool of the manifests.
  private func workload(_ context: Context) throws -> Workload {
    if manifests.files.isEmpty {
      guard wanted.isGiven else {
        throw DSLError(
          .invalidInput, "\(name) asks for nothing",
          fix: "give --gpus, --milli, --mig or --cpu, or its manifests with --manifests")
      }
      return try wanted.workload(named: name)
    }
    for pool in try manifests.resolved(context).pools where name.hasPrefix(pool.name + "-") {
      guard let number = Int(name.dropFirst(pool.name.count + 1)), (0..<pool.maxReplicas).contains(number)
      else { continue }
      return pool.replica(number)
    }
    throw DSLError(
      .notFound, "there is no replica \"\(name)\" of a pool",
      fix: "name one as pool-number, below the pool's maxReplicas")
  }

  private static func json(
    _ explanation: PlacementExplanation, _ running: [Binding], _ cluster: Cluster
  ) -> JSONValue {
    [
      "workload": .string(explanation.workload.name), "demand": .string(explanation.workload.demand.gpu.text),
      "members": .int(explanation.workload.members), "most_members": .int(explanation.mostMembers),
      "running": .array(running.map { cluster.json($0) }),
      "placement": explanation.placement.map { cluster.json($0) } ?? .null,
      "nodes": .array(explanation.findings.map { finding($0, cluster) }),
      "nearest": .optional(explanation.nearest.map { cluster.nodes[$0].name }),
      "nearest_placement": explanation.nearestPlacement.map {
        ["instead": .string($0.instead), "placement": cluster.json($0.placement)]
      } ?? .null,
      "may_evict": explanation.preemption.map { cluster.json($0) } ?? .null,
      "would_free": explanation.toFree.map { cluster.json($0) } ?? .null,
      "may_move": explanation.consolidation.map { cluster.json($0) } ?? .null,
    ]
  }

  private static func finding(_ finding: PlacementExplanation.Finding, _ cluster: Cluster) -> JSONValue {
    var object: JSONObject = [
      "node": .string(cluster.nodes[finding.node].name), "room": .int(finding.room),
      "filter": .optional(finding.obstacle?.filter.rawValue), "reason": .optional(finding.obstacle?.reason),
    ]
    object["policy_score"] = finding.policyScore.map { .int($0) }
    if let score = finding.score {
      object["score"] = .double((score.total * 1e6).rounded() / 1e6)
      object["terms"] = .array(
        score.terms.map { term in
          [
            "term": .string(term.term.rawValue), "value": .double((term.value * 1e6).rounded() / 1e6),
            "share": .double((term.share * 1e6).rounded() / 1e6),
          ]
        })
    }
    return .object(object)
  }

  private static func text(
    _ explanation: PlacementExplanation, _ running: [Binding], _ cluster: Cluster, _ paint: Paint
  ) -> String {
    var table = TextTable(header: ["node", "room", "score", "why"])
    table.rightAligned = [1, 2]
    let taken = explanation.placement?.nodes ?? []
    for finding in explanation.findings {
      let terms =
        finding.score?.terms.map { "\($0.term.rawValue) \(Shown.number($0.value, decimals: 2))" } ?? []
      let why =
        finding.obstacle.map { "\($0.filter.rawValue): \($0.reason)" }
        ?? ((finding.policyScore.map { ["policy \($0)"] } ?? []) + terms).joined(separator: ", ")
      table.rows.append([
        Shown.safe(cluster.nodes[finding.node].name) + (taken.contains(finding.node) ? " *" : ""),
        "\(finding.room)",
        finding.score.map { Shown.number($0.total, decimals: 3) } ?? "-", Shown.safe(why),
      ])
    }
    var lines = [table.text(paint)]
    lines += running.map { "\(Shown.safe($0.pod)) runs on \(Shown.safe(cluster.text($0)))\n" }
    if !running.isEmpty { lines.append("placed anew:\n") }
    if let placement = explanation.placement {
      lines.append(PlacementText.placement(placement, moves: nil, eviction: nil, cluster))
      return lines.joined()
    }
    lines.append(PlacementText.refusal(explanation, cluster))
    func names(_ victims: [Victim]) -> String {
      Shown.safe(victims.map(\.workload.name).joined(separator: ", "))
    }
    if let moves = explanation.consolidation {
      lines.append("fits when moved: \(Shown.safe(moves.moves.map(\.from.pod).joined(separator: ", ")))\n")
    }
    if let eviction = explanation.preemption {
      lines.append("fits when evicted: \(names(eviction.victims))\n")
    }
    if explanation.preemption == nil, let free = explanation.toFree {
      let place = free.placement.nodes.map { cluster.nodes[$0].name }.joined(separator: ", ")
      lines.append(
        "would fit on \(Shown.safe(place)) without: \(names(free.victims)); their priority is not lower\n")
    }
    if let nearest = explanation.nearestPlacement {
      let places = nearest.placement.bindings.map { cluster.text($0) }.joined(separator: "; ")
      lines.append("would fit with \(Shown.safe(nearest.instead)): \(Shown.safe(places))\n")
    }
    return lines.joined()
  }
}
