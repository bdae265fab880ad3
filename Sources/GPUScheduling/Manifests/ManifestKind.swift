import DSLBase

/// The kinds of `neuronetes.io/v1alpha1`.
package enum ManifestKind: String, Sendable, CaseIterable {
  case model = "Model"
  case agentClass = "AgentClass"
  case agentPool = "AgentPool"
  case toolBinding = "ToolBinding"

  package static var group: String { "neuronetes.io" }
  package static var version: String { "v1alpha1" }

  /// As URLs have it.
  package var plural: String {
    switch self {
    case .model: "models"
    case .agentClass: "agentclasses"
    case .agentPool: "agentpools"
    case .toolBinding: "toolbindings"
    }
  }

  package var shortName: String {
    switch self {
    case .model: "mdl"
    case .agentClass: "ac"
    case .agentPool: "ap"
    case .toolBinding: "tb"
    }
  }

  /// What users write.
  package var spec: [ManifestField] {
    switch self {
    case .model: ManifestFields.model
    case .agentClass: ManifestFields.agentClass
    case .agentPool: ManifestFields.agentPool
    case .toolBinding: ManifestFields.toolBinding
    }
  }

  /// What controllers write: both definitions' words.
  package var phases: [String] {
    switch self {
    case .model: ["Pending", "Loading", "Ready", "Failed"]
    case .agentClass: ["Pending", "Ready", "Degraded", "Failed"]
    case .agentPool: ["Pending", "Scaling", "Ready", "Degraded", "Failed"]
    case .toolBinding: ["Pending", "Active", "Bound", "Failed", "Terminating"]
    }
  }

  /// Rules over several fields, in the language of the API server (CEL), with what they say.
  package var rules: [(rule: String, message: String)] {
    switch self {
    case .model: []
    case .agentClass: []
    case .agentPool:
      [
        ("self.minReplicas <= self.maxReplicas", "minReplicas must not be above maxReplicas"),
        (
          "!has(self.migProfile) || !has(self.gpuRequirements) || self.gpuRequirements.count == 1",
          "a migProfile is one instance: gpuRequirements.count must be 1"
        ),
      ]
    case .toolBinding:
      [
        ("self.type != 'queue' || has(self.queueConfig)", "type queue needs queueConfig"),
        ("self.type != 'topic' || has(self.topicConfig)", "type topic needs topicConfig"),
      ]
    }
  }
}

/// The fields of each kind: the union of the two original definitions (Go types and CRD YAML, which disagree), with what the
/// guides promise and we do.
enum ManifestFields {
  private static func reference(_ about: String) -> ManifestType {
    .object([
      ManifestField("name", .form(.name), required: true, about),
      ManifestField("namespace", .form(.name), "Where it is; the manifest's own namespace unless given."),
    ])
  }

  private static let topology = ManifestType.object([
    ManifestField(
      "locality", .word(Locality.allCases.map(\.rawValue)), standard: "any", "How near together the GPUs are."
    ),
    ManifestField(
      "policy", .word(["required", "preferred"]), standard: "required",
      "Whether that is a condition or a wish."),
    ManifestField("minBandwidth", .quantity, "Bytes a second between the slowest pair of GPUs."),
  ])

  static let model = [
    ManifestField("weightsURI", .text, required: true, "Where the weights are."),
    ManifestField("size", .quantity, required: true, "Of the weights."),
    ManifestField("quantization", .word(["fp32", "fp16", "int8", "int4", "none"]), standard: "none"),
    ManifestField(
      "shardSpec",
      .object([
        ManifestField("count", .positive, required: true, "Parts that the model is cut into."),
        ManifestField(
          "strategy", .word(["tensor-parallel", "pipeline-parallel", "data-parallel"]), required: true),
        ManifestField("topology", topology),
      ]), "How the model is spread over GPUs."),
    ManifestField(
      "cachePolicy",
      .object([
        ManifestField("priority", .word(["critical", "high", "medium", "low"]), required: true),
        ManifestField("pinDuration", .duration),
        ManifestField("preloadNodes", .list(.text)),
        ManifestField("evictionPolicy", .word(["never", "idle", "low-priority"]), standard: "idle"),
      ])),
    ManifestField("format", .text), ManifestField("architecture", .text),
    ManifestField("parameterCount", .text),
  ]

  static let agentClass = [
    ManifestField("modelRef", reference("A Model."), required: true),
    ManifestField("maxContextLength", .positive, "Tokens."),
    ManifestField("systemPrompt", .text),
    ManifestField("temperature", .number(0...2)),
    ManifestField("maxTokens", .positive),
    ManifestField(
      "toolPermissions",
      .list(
        .object([
          ManifestField("name", .text, required: true), ManifestField("rateLimit", .form(.rate)),
          ManifestField("timeout", .duration), ManifestField("maxConcurrency", .positive),
          ManifestField("requiredScopes", .list(.text)),
        ]))),
    ManifestField(
      "guardrails",
      .list(
        .object([
          ManifestField(
            "type",
            .word([
              "pii-detection", "safety-check", "content-filter", "jailbreak-detection", "prompt-injection",
              "toxicity-check",
            ]), required: true),
          ManifestField("action", .word(["block", "redact", "warn", "log"]), required: true),
          ManifestField("threshold", .number(0...1)), ManifestField("config", .map),
        ]))),
    ManifestField(
      "slo",
      .object([
        ManifestField("ttft", .duration, "Time to the first token."),
        ManifestField("tokensPerSecond", .positive),
        ManifestField("p95Latency", .duration), ManifestField("maxCostPerRequest", .number(0...1e6)),
        ManifestField("availabilityPercent", .number(0...100)),
      ])),
    ManifestField(
      "memoryConfig",
      .object([
        ManifestField(
          "type", .word(["ephemeral", "redis", "memcached", "postgres", "dynamodb"]), required: true),
        ManifestField("ttl", .duration), ManifestField("maxSize", .count),
        ManifestField("encrypted", .flag, standard: false), ManifestField("connectionString", .text),
      ])),
  ]

  private static let scaling = ManifestType.object([
    ManifestField("stabilizationWindow", .duration), ManifestField("maxChangePercent", .positive),
    ManifestField("maxChangeAbsolute", .positive), ManifestField("periodSeconds", .positive),
  ])

  /// Metrics and whether their target is a span of time.
  static let metrics: [(name: String, isDuration: Bool)] = [
    ("tokens-in-queue", false), ("ttft-p95", true), ("ttft-p99", true), ("concurrent-sessions", false),
    ("tokens-per-second", false), ("queue-depth", false), ("context-length", false),
    ("tool-call-rate", false),
    ("cost-per-token", false),
  ]

  static let agentPool = [
    ManifestField("agentClassRef", reference("An AgentClass."), required: true),
    ManifestField("minReplicas", .integer(0...Int(Int32.max)), required: true),
    ManifestField("maxReplicas", .positive, required: true),
    ManifestField("prewarmPercent", .integer(0...100), standard: 0, "Warm replicas, percent of maxReplicas."),
    ManifestField("tokensPerSecondBudget", .positive),
    ManifestField("migProfile", .form(.migProfile), "The MIG instance of each replica."),
    ManifestField(
      "autoscaling",
      .object([
        ManifestField(
          "metrics",
          .list(
            .object([
              ManifestField("type", .word(metrics.map(\.name)), required: true),
              ManifestField("target", .form(.target), required: true),
              ManifestField("averagingWindow", .duration),
            ]))),
        ManifestField(
          "behavior", .object([ManifestField("scaleUp", scaling), ManifestField("scaleDown", scaling)])),
        ManifestField("cooldownPeriod", .duration),
      ])),
    ManifestField(
      "gpuRequirements",
      .object([
        ManifestField("count", .integer(1...1024), required: true, "GPUs of each replica."),
        ManifestField("memory", .quantity, "Of each GPU."),
        ManifestField("type", .text, "One or several, with |."),
        ManifestField("topology", topology),
      ])),
    ManifestField(
      "sessionAffinity",
      .object([
        ManifestField("enabled", .flag, required: true), ManifestField("keyHeader", .text),
        ManifestField("ttl", .duration),
        ManifestField("type", .word(["conversation-id", "user-id", "custom"]), standard: "conversation-id"),
      ])),
    ManifestField("scheduling", .object(scheduling)),
  ]

  private static let scheduling = [
    ManifestField("priority", .integer(-1_000_000_000...1_000_000_000), standard: 0),
    ManifestField(
      "costOptimization",
      .object([
        ManifestField("enabled", .flag, standard: true),
        ManifestField("maxCostPerHour", .number(0...1e9), "Of all replicas."),
        ManifestField("spotEnabled", .flag, standard: false),
        ManifestField("sloHeadroomMs", .count, "What latency must have in hand for spot."),
        ManifestField("fallbackModel", .text),
      ])),
    ManifestField(
      "dataLocality",
      .object([
        ManifestField("vectorStoreAffinity", .list(.text)), ManifestField("cacheAffinity", .list(.text)),
        ManifestField("antiAffinity", .list(.text), "Pools that it shares no node with."),
      ])),
    ManifestField("nodeSelector", .map),
    ManifestField(
      "preemption", .object([ManifestField("enabled", .flag, standard: true, "Whether it may be evicted.")])),
  ]

  private static let duration = ManifestType.duration

  static let toolBinding = [
    ManifestField("agentPoolRef", reference("An AgentPool."), required: true),
    ManifestField("type", .word(["queue", "topic", "webhook", "grpc", "http"]), required: true),
    ManifestField(
      "queueConfig",
      .object([
        ManifestField("provider", .word(["nats", "kafka", "sqs", "rabbitmq", "redis"]), required: true),
        ManifestField("connectionString", .text), ManifestField("queueName", .text),
        ManifestField("autoscaleOnLag", .flag, standard: false), ManifestField("maxLagThreshold", .count),
        ManifestField("prefetchCount", .positive),
        ManifestField("ackMode", .word(["auto", "manual", "client"]), standard: "auto"),
      ])),
    ManifestField(
      "topicConfig",
      .object([
        ManifestField("provider", .word(["nats", "kafka", "pubsub", "sns"]), required: true),
        ManifestField("connectionString", .text), ManifestField("topicName", .text),
        ManifestField("consumerGroup", .text),
        ManifestField("partitions", .list(.count)), ManifestField("autoscaleOnLag", .flag, standard: false),
      ])),
    ManifestField(
      "httpConfig",
      .object([
        ManifestField("path", .text), ManifestField("methods", .list(.text)),
        ManifestField("rateLimitPerIP", .form(.rate)),
        ManifestField("streamingEnabled", .flag, standard: false),
        ManifestField(
          "corsConfig",
          .object([
            ManifestField("allowedOrigins", .list(.text)), ManifestField("allowedMethods", .list(.text)),
            ManifestField("allowedHeaders", .list(.text)), ManifestField("maxAge", .count),
          ])),
      ])),
    ManifestField(
      "concurrency",
      .object([
        ManifestField("maxConcurrentRequests", .positive), ManifestField("maxQueuedRequests", .count),
        ManifestField("perSessionLimit", .positive),
      ])),
    ManifestField(
      "timeouts",
      .object([
        ManifestField("requestTimeout", duration), ManifestField("toolTimeout", duration),
        ManifestField("idleTimeout", duration),
      ])),
    ManifestField(
      "retryPolicy",
      .object([
        ManifestField("maxAttempts", .count, standard: 3), ManifestField("initialBackoff", duration),
        ManifestField("maxBackoff", duration), ManifestField("backoffMultiplier", .number(1...1000)),
        ManifestField("retryableErrors", .list(.text)),
      ])),
  ]
}
