public import DSLBase

/// A pause that holds at the moment of judging.
public struct PauseFact: Sendable, Equatable {
  /// When it ends by itself.
  public var until: Timestamp
  /// Who asked for it.
  public var by: String
  /// Why.
  public var reason: String
  /// Seconds that it still lasts, on the clock that counts for it.
  public var leftSeconds: Double

  /// A pause.
  public init(until: Timestamp, by: String, reason: String, leftSeconds: Double) {
    self.until = until
    self.by = by
    self.reason = reason
    self.leftSeconds = leftSeconds
  }

  /// `until 2026-11-21T15:00:00Z by alice because of the move`.
  public var text: String {
    "until \(until.description.prefix(19))Z by \(by)" + (reason.isEmpty ? "" : " because \(reason)")
  }
}

extension GateJudge {
  /// Refuses everything while the loop is paused.
  func paused() -> GateRefusal? {
    history.paused.map { GateRefusal(gate: .paused, reason: "paused \($0.text)") }
  }
}
