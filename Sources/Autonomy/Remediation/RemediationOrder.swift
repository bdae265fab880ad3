package import Coordination
package import DSLBase
package import DecisionEngine

/// An action that a person ordered while another engine leads: that one carries it out in its next cycle.
package struct RemediationOrder: Sendable, Equatable {
  /// The key under which orders wait in the journal.
  static let stateKey = "remediation_orders"
  /// Orders that may wait at once.
  private static let limit = 100
  /// Seconds after which an order that a gate kept holding back is forgotten.
  static let patienceSeconds = 3600.0

  package var id: String
  package var action: RemediationAction
  package var issue: RemediationIssue
  package var parameters: JSONObject
  /// Who ordered it: where it needs an approval, somebody else has to give that.
  package var orderer: Identity
  package var at: Timestamp

  /// The name of who ordered it.
  package var by: String { orderer.name }

  package init(
    id: String, action: RemediationAction, issue: RemediationIssue, parameters: JSONObject,
    orderer: Identity, at: Timestamp
  ) {
    self.id = id
    self.action = action
    self.issue = issue
    self.parameters = parameters
    self.orderer = orderer
    self.at = at
  }

  package var json: JSONValue {
    [
      "order_id": .string(id), "action": .string(action.rawValue), "issue": issue.json,
      "parameters": .object(parameters), "by": .string(by), "account": orderer.json, "at": at.json,
    ]
  }

  /// - Throws: `DSLError` `.corrupt`.
  init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "order in the journal")
    id = try fields.string("order_id")
    action = try fields.word("action", RemediationAction.self)
    issue = try RemediationIssue(json: json["issue"] ?? .null)
    parameters = try fields.object("parameters")
    // Orders of earlier versions say no account.
    if let account = json["account"] {
      orderer = try Identity(json: account)
    } else {
      orderer = Identity(name: try fields.string("by"), user: "", host: "")
    }
    at = try fields.time("at")
  }

  /// What a decision carries of its order.
  var marks: JSONObject { ["ordered_by": .string(by), Approval.ordererKey: orderer.json] }

  private static func all(_ json: JSONValue?) throws(DSLError) -> [RemediationOrder] {
    try (json?.array ?? []).map { (value) throws(DSLError) in try RemediationOrder(json: value) }
  }

  /// The orders that wait.
  package static func waiting(_ journal: Journal) throws(DSLError) -> [RemediationOrder] {
    try all(try journal.state(stateKey))
  }

  /// Leaves an order for whoever leads.
  ///
  /// - Throws: `invalidState` when too many wait.
  package func leave(in journal: Journal) throws(DSLError) {
    try journal.changeState(Self.stateKey) { (json) throws(DSLError) in
      let waiting = try Self.all(json)
      guard waiting.count < Self.limit else {
        throw DSLError(
          .invalidState, "\(waiting.count) orders wait already", fix: "see why: dsl telemetry status")
      }
      return .array((waiting + [self]).map(\.json))
    }
  }

  /// Takes orders away that were dealt with.
  static func remove(_ ids: [String], from journal: Journal) throws(DSLError) {
    guard !ids.isEmpty else { return }
    try journal.changeState(stateKey) { (json) throws(DSLError) in
      let left = try all(json).filter { !ids.contains($0.id) }
      return left.isEmpty ? .null : .array(left.map(\.json))
    }
  }
}
