import DSLBase
import GPUScheduling
import Testing

/// Reading manifests: what is accepted, its canonical form, and what is wrong by line and field.
@Suite struct ManifestTests {
  /// The manifests of the original project's own introduction, as they stand there.
  static let introduction = """
    apiVersion: neuronetes.io/v1alpha1
    kind: Model
    metadata:
      name: llama-3-70b
    spec:
      weightsURI: s3://models/llama-3-70b/
      size: 140GB
      quantization: int4
      shardSpec:
        count: 4
        strategy: tensor-parallel
      cachePolicy:
        priority: high
        pinDuration: 1h
    ---
    apiVersion: neuronetes.io/v1alpha1
    kind: AgentClass
    metadata:
      name: code-assistant
    spec:
      modelRef:
        name: llama-3-70b
      maxContextLength: 128000
      toolPermissions:
        - name: code-search
          rateLimit: 100/min
        - name: file-read
          rateLimit: 50/min
      guardrails:
        - type: pii-detection
          action: redact
        - type: safety-check
          action: block
      slo:
        ttft: 500ms
        tokensPerSecond: 50
        p95Latency: 2s
    ---
    apiVersion: neuronetes.io/v1alpha1
    kind: AgentPool
    metadata:
      name: code-assistant-pool
    spec:
      agentClassRef:
        name: code-assistant
      minReplicas: 2
      maxReplicas: 20
      prewarmPercent: 20
      tokensPerSecondBudget: 1000
      migProfile: 1g.5gb
      autoscaling:
        metrics:
          - type: tokens-in-queue
            target: 100
          - type: ttft-p95
            target: 500ms

    """

  static func document(_ kind: String, _ spec: String) -> String {
    let lines = spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    return "apiVersion: neuronetes.io/v1alpha1\nkind: \(kind)\nmetadata: {name: x}\nspec:\n\(lines)\n"
  }

  @Test func theIntroductionIsRead() throws {
    let read = try ManifestReader.manifests(Self.introduction, file: "m.yaml")
    #expect(
      read.map(\.title) == [
        "Model llama-3-70b", "AgentClass code-assistant", "AgentPool code-assistant-pool",
      ])
    #expect(read[0].spec["size"] == "140G", "Kubernetes knows no GB")
    #expect(read[2].spec["autoscaling"]?["metrics"]?.array?[0]["target"] == "100", "targets are texts")
    #expect(read[2].spec["scheduling"] == nil && read[0].spec["cachePolicy"]?["evictionPolicy"] == "idle")
    let set = try ManifestSet(read)
    #expect(set.pools.map(\.name) == ["code-assistant-pool"] && set.pools[0].model.name == "llama-3-70b")
  }

  /// What only one of the two definitions knows, and both ways to write a number.
  @Test(
    arguments: [
      (
        "AgentClass", "modelRef: {name: m, namespace: other}\ntemperature: \"0.7\"", "temperature",
        JSONValue.double(0.7)
      ),
      ("AgentClass", "modelRef: {name: m}\ntemperature: 0.7", "temperature", .double(0.7)),
      (
        "AgentClass", "modelRef: {name: m}\nmemoryConfig: {type: dynamodb, ttl: 1d}", "memoryConfig",
        ["type": "dynamodb", "ttl": "24h", "encrypted": false]
      ),
      (
        "AgentClass",
        "modelRef: {name: m}\nguardrails: [{type: toxicity-check, action: warn, threshold: \"0.5\"}]",
        "guardrails",
        [["type": "toxicity-check", "action": "warn", "threshold": 0.5]]
      ),
      (
        "AgentPool",
        "agentClassRef: {name: c}\nminReplicas: 0\nmaxReplicas: 1\nautoscaling: {metrics: [{type: context-length, target: 8000}], cooldownPeriod: 5m}",
        "autoscaling", ["metrics": [["type": "context-length", "target": "8000"]], "cooldownPeriod": "5m"]
      ),
      (
        "ToolBinding",
        "agentPoolRef: {name: p}\ntype: topic\ntopicConfig: {provider: sns, partitions: [1, 2]}",
        "topicConfig",
        ["provider": "sns", "partitions": [1, 2], "autoscaleOnLag": false]
      ),
      (
        "ToolBinding", "agentPoolRef: {name: p}\ntype: http\nhttpConfig: {rateLimitPerIP: 60/minute}",
        "httpConfig",
        ["rateLimitPerIP": "60/min", "streamingEnabled": false]
      ),
      (
        "Model",
        "weightsURI: u\nsize: 80GiB\nshardSpec: {count: 2, strategy: pipeline-parallel, topology: {minBandwidth: 600GB/s}}",
        "shardSpec",
        [
          "count": 2, "strategy": "pipeline-parallel",
          "topology": ["locality": "any", "policy": "required", "minBandwidth": "600G"],
        ]
      ),
    ] as [(String, String, String, JSONValue)])
  func theUnionIsAcceptedAndOneFormComesOut(kind: String, spec: String, field: String, value: JSONValue)
    throws
  {
    let read = try ManifestReader.manifests(Self.document(kind, spec), file: "m.yaml")
    #expect(read[0].spec[field]?.text() == value.text())
    // The canonical form is read as itself.
    let again = try ManifestReader.manifests(read[0].json.text(), file: "m.yaml")
    #expect(again[0].json == read[0].json)
  }

  @Test(arguments: [
    (
      "AgentPool", "agentClassRef: {name: c}\nminReplicas: 5\nmaxReplicas: 2",
      "m:6:16: spec.minReplicas: must not be above maxReplicas (2), found 5"
    ),
    (
      "AgentPool", "agentClassRef: {name: c}\nminReplicas: 1\nmaxReplicas: 0",
      "spec.maxReplicas: must be from 1"
    ),
    ("AgentPool", "minReplicas: 1\nmaxReplicas: 1", "spec: \"agentClassRef\" is missing"),
    (
      "AgentPool", "agentClassRef: {name: c}\nminReplicas: 1\nmaxReplicas: 1\nmigProfile: 9g.5gb",
      "spec.migProfile: expected a MIG profile such as 1g.5gb"
    ),
    (
      "AgentPool",
      "agentClassRef: {name: c}\nminReplicas: 1\nmaxReplicas: 1\nmigProfile: 1g.5gb\ngpuRequirements: {count: 2}",
      "spec.gpuRequirements.count: a migProfile is one instance"
    ),
    (
      "AgentPool",
      "agentClassRef: {name: c}\nminReplicas: 1\nmaxReplicas: 1\nautoscaling: {metrics: [{type: ttft-p95, target: 500}]}",
      "metrics[0].target: ttft-p95 is held to a duration such as 500ms"
    ),
    (
      "AgentPool",
      "agentClassRef: {name: c}\nminReplicas: 1\nmaxReplicas: 1\nautoscaling: {metrics: [{type: queue-depth, target: 5s}]}",
      "metrics[0].target: queue-depth is held to a number"
    ),
    (
      "AgentPool", "agentClassRef: {name: c}\nminReplica: 1\nmaxReplicas: 1",
      "m:6:3: spec: unknown key \"minReplica\", did you mean \"minReplicas\"?"
    ),
    (
      "AgentClass", "modelRef: {name: m}\ntemperature: 2.5",
      "spec.temperature: must be from 0 to 2, found 2.5"
    ),
    (
      "AgentClass", "modelRef: {name: m}\ntemperature: \"2.5\"",
      "m:6:16: spec.temperature: must be from 0 to 2"
    ),
    (
      "AgentClass", "modelRef: {name: m}\ntoolPermissions: [{name: a, rateLimit: fast}]",
      "toolPermissions[0].rateLimit: expected a rate such as 100/min"
    ),
    (
      "AgentClass", "modelRef: {name: m}\nslo: {ttft: 3s, p95Latency: 2s}",
      "spec.slo.ttft: the first token may not take longer than p95Latency"
    ),
    (
      "AgentClass", "modelRef: {name: m}\nguardrails: [{type: pii, action: block}]",
      "guardrails[0].type: unknown value \"pii\""
    ),
    (
      "AgentClass", "modelRef: {name: m}\ntoolPermissions: [{name: a}, {name: a}]",
      "tool \"a\" is permitted twice"
    ),
    ("Model", "weightsURI: u\nsize: big", "spec.size: expected an amount such as 140G or 80Gi"),
    (
      "Model", "weightsURI: u\nsize: 1G\ncachePolicy: {priority: high, pinDuration: 90}",
      "spec.cachePolicy.pinDuration: expected a duration"
    ),
    ("ToolBinding", "agentPoolRef: {name: p}\ntype: queue", "spec: type queue needs queueConfig"),
    (
      "ToolBinding", "agentPoolRef: {name: p}\ntype: http\nqueueConfig: {provider: nats}",
      "spec.queueConfig: is for type queue, this is http"
    ),
    (
      "ToolBinding", "agentPoolRef: {name: p}\ntype: grpc\nretryPolicy: {initialBackoff: 1m, maxBackoff: 5s}",
      "must not be longer than maxBackoff"
    ),
    ("Pool", "a: 1", "m:2:7: kind: unknown value \"Pool\""),
  ]) func whatIsWrongIsNamed(kind: String, spec: String, message: String) {
    let error = #expect(throws: DSLError.self) {
      try ManifestReader.manifests(Self.document(kind, spec), file: "m")
    }
    #expect(
      error?.code == .invalidInput && error?.message.contains(message) ?? false, "\(error?.message ?? "")")
  }

  @Test func everyProblemIsToldAtOnce() {
    let text =
      Self.document("AgentPool", "minReplicas: x\nmaxReplicas: 0\nprewarmPercent: 200")
      + "---\nkind: Nothing\n"
    let error = #expect(throws: DSLError.self) { try ManifestReader.manifests(text, file: "m") }
    #expect(error?.message.split(separator: "\n").count == 6, "\(error?.message ?? "")")
  }

  @Test func referencesLeadSomewhere() throws {
    func set(_ text: String) throws -> ManifestSet {
      try ManifestSet(try ManifestReader.manifests(text, file: "m"))
    }
    let wrong = Self.introduction.replacing(
      "name: code-assistant\n  minReplicas", with: "name: code-asistant\n  minReplicas")
    #expect(wrong != Self.introduction)
    let missing = #expect(throws: DSLError.self) { try set(wrong) }
    #expect(
      missing?.message
        == "m:39: spec.agentClassRef.name: there is no AgentClass \"code-asistant\" in default, did you mean \"code-assistant\"?",
      "\(missing?.message ?? "")")
    let twice = #expect(throws: DSLError.self) { try set(Self.introduction + "---\n" + Self.introduction) }
    #expect(
      twice?.message.contains("Model llama-3-70b is described at m:1 already") ?? false,
      "\(twice?.message ?? "")")
    let odd = Self.introduction.replacing("migProfile: 1g.5gb", with: "gpuRequirements: {count: 6}")
    let shards = #expect(throws: DSLError.self) { try set(odd) }
    #expect(shards?.message.contains("6 GPUs cannot hold the 4 shards") ?? false)
  }

  @Test func quantitiesDurationsAndRates() {
    #expect(
      Quantity.mebibytes("80Gi") == 81_920 && Quantity.mebibytes("140GB") == 133_515
        && Quantity.mebibytes("1") == 1)
    #expect(Quantity.milli("1500m") == 1500 && Quantity.milli("0.1") == 100 && Quantity.milli("64") == 64_000)
    #expect(
      Quantity.canonical("1K") == "1k" && Quantity.canonical("5GiB") == "5Gi"
        && Quantity.canonical("7") == "7")
    for bad in ["", "Gi", "-1", "1e3", ".5", "5.", "80Zi", "1 G", "B"] {
      #expect(Quantity.value(bad) == nil, "\(bad)")
    }
    #expect(
      ManifestForm.duration.canonical("1d12h") == "36h" && ManifestForm.duration.canonical("1h30m") == "1h30m"
    )
    #expect(ManifestForm.duration.canonical("0.5d") == "12h" && ManifestForm.duration.canonical("30") == nil)
    #expect(
      ManifestRate("100/min")?.period == 60 && ManifestRate("5/d")?.text == "5/day"
        && ManifestRate("0/s") == nil)
    for bad in ["1g", "8g.10gb", "1g.gb", "1g.5GB", "g.5gb", "1g.-5gb"] {
      #expect(ManifestForm.migProfile.canonical(bad) == nil, "\(bad)")
    }
    #expect(ManifestForm.migProfile.canonical("1g.10gb+me") != nil)
  }

  /// A replica's demand comes from pool and model.
  @Test func replicasAskForWhatPoolAndModelSay() throws {
    let text = Self.introduction.replacing(
      "  migProfile: 1g.5gb\n",
      with: """
          gpuRequirements:
            count: 8
            memory: 40Gi
            type: A100|H100
            topology: {locality: nvlink, policy: preferred, minBandwidth: 300G}
          scheduling:
            priority: 7
            nodeSelector: {zone: a}
            costOptimization: {spotEnabled: true, sloHeadroomMs: 200, maxCostPerHour: 50}
            dataLocality: {vectorStoreAffinity: [s1], antiAffinity: [batch]}
            preemption: {enabled: false}

        """)
    let pool = try #require(try ManifestSet(try ManifestReader.manifests(text, file: "m")).pools.first)
    let replica = pool.replica(2, headroomMs: 250)
    #expect(
      replica.name == "code-assistant-pool-2" && replica.members == 4 && replica.demand.gpu == .whole(2))
    #expect(
      replica.demand.gpuMemoryMiB == 40_960 && replica.demand.types == ["A100", "H100"]
        && replica.demand.selector == ["zone": "a"])
    #expect(replica.locality == .nvlink && !replica.localityRequired && replica.gigabytesPerSecond == 300)
    #expect(
      replica.priority == 7 && !replica.preemptible && replica.shards == ["s1"] && replica.avoids == ["batch"]
    )
    #expect(replica.model == "llama-3-70b" && pool.maxCostPerHour == 50)
    #expect(
      replica.spot.objection == nil && pool.replica(1, headroomMs: 250).spot.objection != nil,
      "the minimum stays off spot")
    let cut = try ManifestSet(try ManifestReader.manifests(Self.introduction, file: "m")).pools[0].replica(0)
    #expect(cut.demand.gpu == .mig("1g.5gb") && cut.members == 1)
  }
}
