extension Int {
  /// The number with what it counts: "1 step", "2 steps".
  ///
  /// - Parameter noun: one of them; more of them get an s.
  package func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
