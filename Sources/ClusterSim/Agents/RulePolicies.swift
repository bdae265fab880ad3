/// The policies that are rules, by their words.
package enum RulePolicies {
  package static let words = ["random", "threshold", "heuristic", "oracle"]

  /// The policy of a word; `nil` for any other.
  package static func named(_ word: String) -> (any Policy)? {
    switch word {
    case "random": RandomPolicy()
    case "threshold": ThresholdPolicy()
    case "heuristic": HeuristicPolicy()
    case "oracle": OraclePolicy()
    default: nil
    }
  }
}
