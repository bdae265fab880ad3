extension GateJudge {
  /// Refuses everything while the kill switch is thrown.
  func killSwitch() -> GateRefusal? {
    history.stopped.map { GateRefusal(gate: .killSwitch, reason: "the kill switch is thrown: \($0)") }
  }
}
