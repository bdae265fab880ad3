import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu nodes`: what a cluster has, and what is free of it.
struct GPUNodesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "nodes", abstract: "List the nodes of a cluster: GPUs, links, and what is free.",
    discussion: """
      Examples:
        dsl gpu nodes --cluster cluster.yaml
        kubectl get nodes,pods -A -o json | dsl gpu nodes --cluster -
      """)
  static let reportName = "gpu-nodes"

  @OptionGroup var options: ClusterOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let (scheduler, notes) = try options.scheduler(context)
    let state = scheduler.state
    let cluster = state.cluster
    let free = cluster.nodes.indices.reduce(0) { $0 + state.wholeGPUs($1).nonzeroBitCount }
    let data: JSONValue = [
      "nodes": .array(cluster.nodes.indices.map { Self.json($0, state) }),
      "gpus": .int(cluster.gpuCount), "free_gpus": .int(free), "pods": .int(state.bindings.count),
      "models": .strings(cluster.models.map(\.name)), "watts": .double(state.watts),
    ]
    var report = Report(Self.reportName, data) { Self.text(state, $0) }
    report.warnings = notes
    return report
  }

  private static func json(_ number: Int, _ state: ClusterState) -> JSONValue {
    let (node, topology) = (state.cluster.nodes[number], state.cluster.nodes[number].topology)
    let gpus = (0..<topology.count).map { gpu -> JSONValue in
      var object: JSONObject = [
        "index": .int(gpu), "numa": .int(topology.numa[gpu]), "free_milli": .int(state.idle[number][gpu]),
        "pods": .int(state.userCount(node: number, gpu: gpu)),
      ]
      if let layout = state.layout(node: number, gpu: gpu) {
        object["instances"] = .strings(layout.instances.map { layout.geometry.text($0) })
      }
      return .object(object)
    }
    return [
      "name": .string(node.name), "model": .optional(state.cluster.model(of: node)?.name),
      "gpus": .array(gpus),
      "cpu_milli": .int(node.cpuMilli), "free_cpu_milli": .int(state.cpu[number]),
      "memory_mib": .int(node.memoryMiB),
      "free_memory_mib": .int(state.memory[number]), "rack": .optional(node.rack),
      "nvlink_domain": .optional(node.nvlinkDomain), "tenant": .optional(node.tenant),
      "spot": .bool(node.spot),
      "cordoned": .bool(node.cordoned), "pods": .strings(state.pods[number]),
    ]
  }

  private static func text(_ state: ClusterState, _ paint: Paint) -> String {
    var table = TextTable(header: [
      "node", "model", "GPUs", "free", "of parts", "CPUs free", "GiB free", "rack", "notes",
    ])
    table.rightAligned = [2, 3, 4, 5, 6]
    for (number, node) in state.cluster.nodes.enumerated() {
      let whole = state.wholeGPUs(number).nonzeroBitCount
      let parts = state.idle[number].total - whole * 1000
      let notes = [
        node.tenant.map { "for \($0)" }, node.spot ? "spot" : nil, node.cordoned ? "cordoned" : nil,
        node.migGPUs == 0 ? nil : "\(node.migGPUs.nonzeroBitCount) MIG",
        node.nvlinkDomain.map { "NVLink \($0)" },
      ]
      table.rows.append([
        Shown.safe(node.name), Shown.safe(state.cluster.model(of: node)?.name ?? "-"),
        "\(node.topology.count)", "\(whole)",
        parts == 0 ? "-" : "\(parts)", Shown.number(Double(state.cpu[number]) / 1000, decimals: 1),
        "\(state.memory[number] / 1024)", Shown.safe(node.rack ?? "-"),
        Shown.safe(notes.compactMap { $0 }.joined(separator: ", ")),
      ])
    }
    return table.text(paint)
  }
}
