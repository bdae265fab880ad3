package import DSLBase

/// Signals as an attack of a type would leave them, to try rules and reports out.
package enum SecurityDrill {
  /// Enough of them that a standard rule finds the attack.
  package static func signals(
    _ type: SecurityEventType, source: String, user: String, at now: Timestamp
  ) -> [SecuritySignal] {
    func signal(_ attributes: [String: String]) -> SecuritySignal {
      var all = attributes
      all["client.address"] = source
      all["user.name"] = user
      return SecuritySignal(at: now, service: "drill", name: "drill", attributes: all)
    }
    switch type {
    case .authFailure: return Array(repeating: signal(["http.response.status_code": "401"]), count: 5)
    case .injection: return [signal(["url.query": "id=1' or '1'='1"])]
    case .suspiciousAccess: return [signal(["url.path": "/static/../../etc/passwd"])]
    case .dataExfiltration: return [signal(["http.response.body.size": "300000000"])]
    }
  }
}
