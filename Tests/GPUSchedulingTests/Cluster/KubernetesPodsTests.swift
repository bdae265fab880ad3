import DSLBase
import GPUScheduling
import Testing

/// What runs, as read from `kubectl get nodes,pods -A -o json`.
@Suite struct KubernetesPodsTests {
  private func read(_ pods: [JSONValue], nodes: [JSONValue] = [Self.mig, Self.whole]) throws
    -> KubernetesNodes
  {
    try KubernetesNodes(["kind": "List", "items": .array(nodes + pods)], file: "k.json")
  }

  private static func node(_ name: String, _ resource: String, _ count: String) -> JSONValue {
    [
      "kind": "Node",
      "metadata": [
        "name": .string(name),
        "labels": ["nvidia.com/gpu.product": "NVIDIA-A100-PCIE-40GB", "nvidia.com/gpu.count": "2"],
      ],
      "status": ["allocatable": .object(["cpu": "32", "memory": "128Gi", resource: .string(count)])],
    ]
  }

  private static var mig: JSONValue { node("cut", "nvidia.com/mig-3g.20gb", "4") }
  private static var whole: JSONValue { node("whole", "nvidia.com/gpu", "2") }

  private func pod(
    _ name: String, on node: String, annotations: JSONObject = [:], labels: JSONObject = [:],
    limits: JSONObject = [:]
  ) -> JSONValue {
    [
      "kind": "Pod",
      "metadata": [
        "name": .string(name), "namespace": "ml", "annotations": .object(annotations),
        "labels": .object(labels),
      ],
      "spec": [
        "nodeName": .string(node),
        "containers": [["resources": ["requests": ["cpu": "1"], "limits": .object(limits)]]],
      ],
      "status": ["phase": "Running"],
    ]
  }

  @Test func instancesAreTaken() throws {
    let read = try read([
      pod("assumed", on: "cut", limits: ["nvidia.com/mig-3g.20gb": "1"]),
      pod(
        "noted", on: "cut", annotations: ["dsl.io/gpus": "0", "dsl.io/mig": "3g.20gb@0"],
        limits: ["nvidia.com/mig-3g.20gb": "1"]),
      pod("two", on: "cut", limits: ["nvidia.com/mig-1g.5gb": "2"]),
      pod("none", on: "whole", limits: ["nvidia.com/mig-1g.5gb": "1"]),
    ])
    let state = try ClusterState(read.cluster)
    #expect(state.layout(node: 0, gpu: 0)?.instances.map(\.start) == [0, 4], "the noted one comes first")
    #expect(state.layout(node: 0, gpu: 1)?.instances.map(\.start) == [0, 1])
    #expect(state.members["ml/two"]?.count == 2 && state.cpu[0] == 32_000 - 3000)
    #expect(
      read.notes.dropFirst() == [
        "pod ml/assumed: which 3g.20gb of node cut it has is assumed",
        "pod ml/two: which 1g.5gb of node cut it has is assumed",
        "pod ml/two: which 1g.5gb of node cut it has is assumed",
        "pod ml/none: node whole has no GPU in MIG mode; it is left out",
      ])
  }

  @Test func whatNotesSayCountsBeforeWhatIsAssumed() throws {
    let read = try read([
      pod("assumed", on: "whole", limits: ["nvidia.com/gpu": "1"]),
      pod("noted", on: "whole", annotations: ["dsl.io/gpus": "0"], limits: ["nvidia.com/gpu": "1"]),
    ])
    #expect(
      Dictionary(uniqueKeysWithValues: read.cluster.running.map { ($0.pod, $0.gpus) }) == [
        "ml/noted": 0b01, "ml/assumed": 0b10,
      ])
  }

  /// A patch applied to a pod is read back as the binding that it was made of.
  @Test func patchesAreReadBack() throws {
    let cluster = try read([]).cluster
    var share = Clusters.share("chat", 300)
    (share.preemptible, share.avoids, share.pool) = (false, ["other", "more"], "chats")
    let gang = Clusters.whole("train", 1, members: 2, cpu: 1000)
    let cut = Clusters.mig("cut", "3g.20gb")
    let profile = try #require(cluster.models[0].geometry?.profile(named: "3g.20gb"))
    let bindings = [
      Binding(share, member: 0, node: 1, gpus: 0b01), Binding(gang, member: 1, node: 1, gpus: 0b10),
      Binding(cut, member: 0, node: 0, gpus: 0b10, instance: MIGInstance(profile: profile, start: 4)),
    ]
    let pods = bindings.map { binding in
      let patch = cluster.patch(binding)
      return pod(
        binding.pod, on: cluster.nodes[binding.node].name,
        annotations: patch["metadata"]?["annotations"]?.object ?? [:],
        limits: binding.instance == nil ? [:] : ["nvidia.com/mig-3g.20gb": "1"])
    }
    let read = try read(pods)
    #expect(read.notes.count == 1 && read.cluster.running.map(\.pod) == ["ml/chat", "ml/train-1", "ml/cut"])
    for (found, meant) in zip(read.cluster.running, bindings) {
      #expect(found.gpus == meant.gpus && found.instance == meant.instance && found.member == meant.member)
      #expect(found.workload.name == meant.workload.name && found.workload.members == meant.workload.members)
      #expect(found.workload.demand.gpu == meant.workload.demand.gpu)
      #expect(found.workload.preemptible == meant.workload.preemptible)
      #expect(found.workload.avoids == meant.workload.avoids && found.workload.pool == meant.workload.pool)
    }
  }

  @Test func groupsOfOtherSchedulersAreGangs() throws {
    let group: JSONObject = ["kueue.x-k8s.io/pod-group-name": "g"]
    let read = try read([
      pod("a", on: "whole", labels: group, limits: ["nvidia.com/gpu": "1"]),
      pod("b", on: "whole", labels: group, limits: ["nvidia.com/gpu": "1"]),
    ])
    let state = try ClusterState(read.cluster)
    #expect(state.members["ml/g"] == ["ml/a", "ml/b"] && state.faults.isEmpty)
    var new = Clusters.whole("new", 1)
    new.priority = 1
    let found = ClusterScheduler(state).preemption(for: new, now: 0)
    #expect(found?.victims.map(\.pods) == [["ml/a", "ml/b"]], "whole or not at all")
  }

  @Test func memoryInUseIsInAnnotations() throws {
    var node = Self.whole.object ?? [:]
    node["metadata"] = [
      "name": "whole", "annotations": ["dsl.io/gpu-memory-used": "39Gi,1Gi"],
      "labels": ["nvidia.com/gpu.product": "NVIDIA-A100-PCIE-40GB"],
    ]
    let read = try read(
      [
        pod(
          "a", on: "whole", annotations: ["dsl.io/gpu-memory-used": "30Gi"], limits: ["nvidia.com/gpu": "1"])
      ], nodes: [.object(node)])
    let pools = try ClusterState(read.cluster).memoryPools
    #expect(pools.map(\.usedMiB) == [39 * 1024, 1024] && pools[0].users == ["ml/a": 30 * 1024])
  }
}
