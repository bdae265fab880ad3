import DSLBase
import Glibc

/// Evidence against "nothing has changed", gathered over windows from their p-values.
///
/// Each window bets against the p-value being uniform: with E[bet] = 1 while nothing changes, the product of bets since the
/// best starting point grows beyond h once in at least h windows on average, for every distribution: Volkhonskiy et al.,
/// "Inductive Conformal Martingales for Change-Point Detection", 2017; Moustakides 1986 for the bound. A single window of
/// p = 10⁻⁷ and two of 10⁻⁴ are about as convincing. The starting point is the estimate of the onset.
struct ChangeEvidence: Sendable, Equatable {
  /// The product of bets since the onset; 1 when there is no evidence.
  private(set) var value = 1.0
  /// When the evidence began to gather.
  private(set) var onset: Timestamp?

  init() {}
  init(value: Double, onset: Timestamp?) {
    self.value = value
    self.onset = onset
  }

  /// Takes a window's p-value in.
  ///
  /// - Parameter limit: evidence does not grow beyond this, so that it can also fall again.
  mutating func observe(p: Double, at time: Timestamp, limit: Double) {
    value = min(limit, value * Self.bet(p))
    if value <= 1 {
      value = 1
      onset = nil
    } else if onset == nil {
      onset = time
    }
  }

  /// The mixture over all ε of the bets ε·p^(ε−1): (1 − p + p·ln p) / (p·ln²p).
  static func bet(_ p: Double) -> Double {
    guard p < 0.999 else { return 0.5 }
    let logarithm = log(p)
    return (1 - p + p * logarithm) / (p * logarithm * logarithm)
  }
}
