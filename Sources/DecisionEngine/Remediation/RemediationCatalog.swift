package import DSLBase

/// What is known of an action before it is used: what it takes, does, costs and whether it can be taken back.
package struct ActionInfo: Sendable, Equatable {
  package let action: RemediationAction
  package let summary: String
  package let parameters: [ActionParameter]
  /// What it does to those who use the service, as a sentence.
  package let impact: String
  /// How it is taken back, or why it cannot be, where it is built in.
  package let undo: String
  /// How a fleet of agents carries it out; `nil` where only a configured command can.
  package let builtIn: String?

  /// The parameters with defaults filled in.
  ///
  /// - Throws: `DSLError` `.invalidInput` for one that is not known, missing or out of bounds.
  package func complete(_ given: JSONObject) throws(DSLError) -> JSONObject {
    let names = parameters.map(\.name)
    for name in given.keys where !names.contains(name) {
      throw DSLError(
        .invalidInput,
        "\(action.rawValue) has no parameter \(name)" + NearestSpelling.hint(for: name, among: names),
        fix: names.isEmpty ? "it has none" : "it has " + names.joined(separator: ", "))
    }
    var complete = JSONObject()
    for parameter in parameters {
      guard let value = given[parameter.name] ?? parameter.standard else {
        throw DSLError(
          .invalidInput, "\(action.rawValue) needs the parameter \(parameter.name): \(parameter.meaning)")
      }
      complete[parameter.name] = try parameter.checked(value, of: action)
    }
    return complete
  }
}

/// The catalogue of actions.
package enum RemediationCatalog {
  /// The entry of an action.
  package static func info(_ action: RemediationAction) -> ActionInfo {
    switch action {
    case .restartService: restartService
    case .scaleUp: scaleUp
    case .scaleDown: scaleDown
    case .clearCache: clearCache
    case .killProcess: killProcess
    case .updateConfig: updateConfig
    case .rollbackDeployment: rollbackDeployment
    case .circuitBreaker: circuitBreaker
    case .throttleRequests: throttleRequests
    case .healthCheck: healthCheck
    }
  }

  /// All entries, in the order of the document.
  package static var all: [ActionInfo] { RemediationAction.allCases.map(info) }

  private static let restartService = ActionInfo(
    action: .restartService, summary: "Replaces the agents of a service, one started for each one drained.",
    parameters: [
      ActionParameter("limit", .whole(1...100), 10, unit: "agents", "Agents that are replaced at most.")
    ],
    impact: "Replaced agents finish what they hold; for a moment there are more of them than before.",
    undo: "drained agents that have not stopped yet go on, and those that were started are drained",
    builtIn: "starts an agent for each agent of the service, and drains the old ones")

  private static let scaleUp = ActionInfo(
    action: .scaleUp, summary: "Starts more agents.",
    parameters: [ActionParameter("agents", .whole(1...100), 3, unit: "agents", "Agents to add.")],
    impact: "Takes the resources of the added agents; limits.max_agents is never exceeded.",
    undo: "the agents that were started are drained", builtIn: "starts agents, or asks for them")

  private static let scaleDown = ActionInfo(
    action: .scaleDown, summary: "Drains idle agents.",
    parameters: [ActionParameter("agents", .whole(1...100), 1, unit: "agents", "Agents to take away.")],
    impact:
      "Less work is done at once; limits.min_agents are always kept, and busy agents are never removed.",
    undo: "agents that have not stopped yet go on", builtIn: "drains the agents that were idle longest")

  private static let clearCache = ActionInfo(
    action: .clearCache, summary: "Empties part of a cache.",
    parameters: [
      ActionParameter("percent", .whole(1...100), 50, unit: "%", "The part of the cache that is emptied.")
    ],
    impact: "Requests are slower until the cache has filled again.",
    undo: "what was in a cache cannot be brought back; it fills by itself", builtIn: nil)

  private static let killProcess = ActionInfo(
    action: .killProcess, summary: "Ends the process of an agent.",
    parameters: [ActionParameter("agent", .text(200), nil, "The agent's id.")],
    impact: "What it was doing is interrupted; its claims come back when their leases run out.",
    undo: "a process that was ended cannot be brought back; scale_up starts another",
    builtIn: "ends the process of an agent that this engine started, and retires its record")

  private static let updateConfig = ActionInfo(
    action: .updateConfig, summary: "Sets one value of a service's configuration.",
    parameters: [
      ActionParameter("key", .text(200), nil, "Which value."),
      ActionParameter("value", .text(4096), nil, "What it is set to."),
    ],
    impact: "Whatever the value means to the service.",
    undo: "by the undo command, which is told what the command answered", builtIn: nil)

  private static let rollbackDeployment = ActionInfo(
    action: .rollbackDeployment, summary: "Brings back an earlier version of a service.",
    parameters: [
      ActionParameter("revision", .text(200), "previous", "The revision, as the command understands it.")
    ],
    impact: "The service is replaced; what only the newer version can do is missing until it is back.",
    undo: "by the undo command, which is told what the command answered", builtIn: nil)

  private static let circuitBreaker = ActionInfo(
    action: .circuitBreaker, summary: "Keeps requests away from a service for a time.",
    parameters: [
      ActionParameter("seconds", .whole(1...86_400), 300, unit: "s", "How long requests are kept away.")
    ],
    impact: "Requests to the service fail at once instead of late.",
    undo: "by the undo command, which is to close the breaker", builtIn: nil)

  private static let throttleRequests = ActionInfo(
    action: .throttleRequests, summary: "Lowers how many items the agents of a service work on at once.",
    parameters: [
      ActionParameter("percent", .whole(1...99), 50, unit: "%", "By how much the concurrency is lowered.")
    ],
    impact: "Less work is done at once, and the queue grows while more comes in.",
    undo: "each agent's concurrency is what it was",
    builtIn: "sets the concurrency of the service's agents, at least 1")

  private static let healthCheck = ActionInfo(
    action: .healthCheck, summary: "Probes the agents and notes what it finds.", parameters: [],
    impact: "None beyond the probe itself.", undo: "nothing to restore: a probe changes nothing but its note",
    builtIn: "looks at process, heartbeat and agents.health_command of each agent")
}

extension ActionInfo {
  /// All that is known of it.
  package var json: JSONValue {
    [
      "action": .string(action.rawValue), "summary": .string(summary),
      "parameters": .array(parameters.map(\.json)), "estimated_impact": .string(impact),
      "undo": .string(undo), "built_in": .optional(builtIn),
    ]
  }
}
