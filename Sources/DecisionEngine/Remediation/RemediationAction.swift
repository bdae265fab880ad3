package import DSLBase

/// What can be done about an issue: the ten actions of the document, and no others.
package enum RemediationAction: String, Sendable, Hashable, CaseIterable {
  case restartService = "restart_service"
  case scaleUp = "scale_up"
  case scaleDown = "scale_down"
  case clearCache = "clear_cache"
  case killProcess = "kill_process"
  case updateConfig = "update_config"
  case rollbackDeployment = "rollback_deployment"
  case circuitBreaker = "circuit_breaker"
  case throttleRequests = "throttle_requests"
  case healthCheck = "health_check"

  /// The type of the decisions that carry it out. Scaling and probing are those that the policy makes too, so that
  /// cooldowns, budgets and flaps count both.
  package var type: DecisionType { DecisionType(rawValue: rawValue) }

  /// Whether it is about the fleet as a whole: then cooldowns count for the fleet and not for one service.
  package var isAboutFleet: Bool { [.scaleUp, .scaleDown, .healthCheck].contains(self) }

  /// The action of that name.
  ///
  /// - Throws: `DSLError` `.invalidInput` with the nearest name that there is.
  package init(named name: String) throws(DSLError) {
    guard let action = Self(rawValue: name) else {
      let names = Self.allCases.map(\.rawValue)
      throw DSLError(
        .invalidInput, "there is no action \"\(name)\"" + NearestSpelling.hint(for: name, among: names),
        fix: "dsl telemetry remediation-actions lists them")
    }
    self = action
  }
}
