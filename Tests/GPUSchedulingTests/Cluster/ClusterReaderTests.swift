import DSLBase
import GPUScheduling
import Testing

/// Clusters from YAML, JSON and kubectl.
@Suite struct ClusterReaderTests {
  private static let text = """
    models:
      - {name: NVIDIA H100 80GB HBM3, memory: 80Gi, idle_watts: 90, full_watts: 650, cost_per_hour: 3.5}
    nodes:
      - name: dgx
        count: 2
        cpu: 128
        memory: 1Ti
        gpus: 4
        model: H100-80GB-HBM3
        numa: [7, 7, 2, 2]
        links: NV18
        rack: r1
        cached_models: [llama-3-70b]
      - {name: pcie, cpu: 1500m, memory: 64Gi, gpus: 2, model: A100-PCIE-40GB, links: [X SYS, SYS X], mig: [1],
         spot: true, tenant: blue, cost_per_hour: 2, carbon: 40, shards: [s1], nvlink_domain: d, labels: {zone: a}}
      - {name: plain, cpu: 8, memory: 16GB, cordoned: true}
    running:
      - {workload: old, node: dgx-1, gpus: [0, 1], cpu: 4, memory: 1Gi, priority: 5, qos: best-effort,
         started: "2026-01-01T00:00:00Z", members: 2, member: 1}
      - {workload: part, node: dgx-0, gpus: [3], milli: 250}
      - {workload: cut, node: pcie, gpus: [1], mig: 3g.20gb@4, tenant: blue}
    """

  @Test func aClusterIsReadWhole() throws {
    let cluster = try ClusterReader.cluster(Self.text, file: "c.yaml")
    #expect(cluster.nodes.map(\.name) == ["dgx-0", "dgx-1", "pcie", "plain"] && cluster.gpuCount == 10)
    #expect(cluster.models.map(\.name) == ["H100-80GB-HBM3", "A100-PCIE-40GB"])
    #expect(cluster.models[0].fullWatts == 650 && cluster.models[0].costPerHour == 3.5)
    let dgx = cluster.nodes[0]
    #expect(dgx.cpuMilli == 128_000 && dgx.memoryMiB == 1 << 20 && dgx.topology.numaGroups == [0b11, 0b1100])
    #expect(dgx.labels["kubernetes.io/hostname"] == "dgx-0" && dgx.cachedModels == ["llama-3-70b"])
    let pcie = cluster.nodes[2]
    #expect(pcie.migGPUs == 0b10 && pcie.spot && pcie.tenant == "blue" && pcie.labels["zone"] == "a")
    #expect(pcie.costPerHour == 2 && pcie.carbon == 40 && pcie.nvlinkDomain == "d" && pcie.cpuMilli == 1500)
    #expect(cluster.nodes[3].cordoned && cluster.nodes[3].memoryMiB == 15_259)
    let state = try ClusterState(cluster)
    #expect(state.faults == ["gang old: 1 of 2"], "a gang may be found in part; we make none")
    #expect(
      state.wholeGPUs(1) == 0b1100 && state.idle[0][3] == 750 && state.layout(node: 2, gpu: 1)?.slots == 0xF0)
    #expect(state.bindings["old-1"]?.workload.startedAt == 1_767_225_600)
  }

  @Test func JSONSaysTheSame() throws {
    let yaml = try ClusterReader.cluster(Self.text, file: "c.yaml")
    let node = try #require(try YAMLNode.document(in: Self.text, file: "c.yaml"))
    #expect(try ClusterReader.cluster(node.json.text(), file: "c.json") == yaml)
  }

  @Test(arguments: [
    (
      "nodes: [{name: a, cpu: 1, memory: 1, gpus: 17, model: x}]",
      "c:1:44: nodes[0].gpus: must be from 0 to 16"
    ),
    ("nodes: [{name: a, cpu: many, memory: 1}]", "nodes[0].cpu: expected CPUs such as 64 or 1500m"),
    (
      "nodes: [{name: a, cpu: 1, memory: 80Zi}]", "nodes[0].memory: expected an amount of memory such as 80Gi"
    ),
    ("nodes: [{name: a, cpu: 1, memory: 1, gpus: 2}]", "nodes[0]: \"model\" is missing"),
    ("nodes: [{name: a, cpu: 1, memory: 1, rak: x}]", "did you mean \"rack\"?"),
    ("nodes: [{name: a, cpu: 1, memory: 1}, {name: a, cpu: 1, memory: 1}]", "there is a node \"a\" already"),
    ("nodes: [{name: a, cpu: 1, memory: 1, gpus: 2, model: T4, links: NV99}]", "expected NV1 to NV64"),
    (
      "nodes: [{name: a, cpu: 1, memory: 1, gpus: 2, model: T4, links: [X PIX, SYS X]}]",
      "GPU0 to GPU1 is PIX, back it is SYS"
    ),
    (
      "nodes: [{name: a, cpu: 1, memory: 1, gpus: 2, model: T4, numa: [0]}]",
      "expected 2 numbers, one for each GPU"
    ),
    ("nodes: [{name: a, cpu: 1, memory: 1, gpus: 1, model: T4, mig: [0]}]", "MIG placements are not known"),
    ("nodes: []\nrunning: [{workload: w, node: b}]", "c:2:31: running[0].node: there is no node \"b\""),
    (
      "nodes: [{name: a, cpu: 1, memory: 1, gpus: 1, model: A100-40GB, mig: [0]}]\nrunning: [{workload: w, node: a, gpus: [0], mig: 3g.20gb@3}]",
      "running[0].mig: expected one GPU"
    ),
    ("# nothing", "holds nothing"),
  ]) func whatIsWrongIsNamed(text: String, message: String) {
    let error = #expect(throws: DSLError.self) { try ClusterReader.cluster(text, file: "c") }
    #expect(
      error?.code == .invalidInput && error?.message.contains(message) ?? false, "\(error?.message ?? "")")
  }

  @Test func whatDoesNotFitIsNoCluster() throws {
    let text = """
      nodes: [{name: a, cpu: 1, memory: 1Gi, gpus: 1, model: T4}]
      running: [{workload: v, node: a, gpus: [0], milli: 600}, {workload: w, node: a, gpus: [0], milli: 500}]
      """
    let cluster = try ClusterReader.cluster(text, file: "c")
    let error = #expect(throws: DSLError.self) { try ClusterState(cluster) }
    #expect(error?.message == "pod w cannot be bound: the GPU has 400 thousandths free")
  }

  @Test func kubectlNodesAndPods() throws {
    let value = try JSONParser.parse(try TraceFiles.data("kubectl-nodes-pods.json"))
    #expect(KubernetesNodes.isList(value))
    let read = try KubernetesNodes(value, file: "nodes.json")
    let cluster = read.cluster
    #expect(cluster.nodes.map(\.name) == ["h100-a", "h100-mig", "cpu-1"])
    let node = cluster.nodes[0]
    #expect(node.cpuMilli == 127_500 && node.memoryMiB == 1_031_546 && node.topology.count == 8)
    #expect(node.spot && node.rack == "r1" && node.cachedModels == ["llama-3-70b", "mistral-7b"])
    #expect(cluster.model(of: node)?.name == "H100-80GB-HBM3" && cluster.model(of: node)?.memoryMiB == 81_559)
    #expect(cluster.nodes[1].migGPUs == 0b11 && cluster.nodes[2].cordoned && cluster.nodes[2].model == nil)
    #expect(cluster.running.map(\.pod) == ["ml/train-0", "ml/serve-0"])
    #expect(cluster.running.map(\.gpus) == [0b1100, 0b1], "one is written down, one assumed")
    #expect(cluster.running[0].workload.priority == 100 && cluster.running[0].workload.qos == .guaranteed)
    #expect(
      read.notes == [
        "node h100-mig: all 2 GPUs are taken to be in MIG mode",
        "pod ml/serve-0: which GPUs of node h100-a it has is assumed",
      ])
    #expect(try ClusterState(cluster).faults.isEmpty)
  }

  @Test func theNodesOfATrace() throws {
    let table = try CSVTable(try TraceFiles.data("nodes.csv"), name: "nodes.csv")
    let cluster = Cluster(try OpenbNodes(table))
    #expect(cluster.nodes.count == 122 && cluster.models.allSatisfy { $0.memoryMiB > 0 && $0.fullWatts > 0 })
    #expect(try ClusterState(cluster).faults.isEmpty)
  }
}
