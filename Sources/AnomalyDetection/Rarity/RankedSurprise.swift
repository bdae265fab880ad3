import Glibc

/// How surprising a number is among those that came before it, whatever their distribution: −log₁₀ of its conformal p-value.
///
/// The p-value is the share of earlier numbers (and the new one) that are at least as large. It is uniform when nothing
/// changes, for every distribution: Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005. As n numbers
/// can prove no more than 1/(n+1), numbers beyond all earlier ones are told apart by how far beyond they are, in units of
/// the spread of the largest 2 %; that adds the logarithm of this distance and so cannot shout down the rank.
struct RankedSurprise: Sendable {
  /// Numbers that have to be known before anything is called surprising.
  static let warmUp = 100
  private var history: SlidingOrder

  /// - Parameters:
  ///   - capacity: numbers remembered.
  ///   - values: those that are known already, the oldest first, of 32 bits each.
  init(capacity: Int, values: [Double] = []) { history = SlidingOrder(capacity: capacity, values: values) }

  /// What is remembered, the oldest first.
  var values: [Double] { history.values }

  /// The surprise at `number`, 0 and more, which is remembered in 32 bits.
  ///
  /// - Complexity: O(log n) and one move of memory.
  mutating func observe(_ number: Double) -> Double {
    let number = Double(Float(number))
    defer { history.append(number) }
    let count = history.count
    guard count >= Self.warmUp else { return 0 }
    let atLeast = count - history.lowerBound(number)
    let surprise = log10(Double(count + 1) / Double(atLeast + 1))
    let largest = history.sorted[count - 1]
    guard atLeast == 0, number > largest else { return surprise }
    let spread = largest - history.sorted[count - 1 - max(5, count / 50)]
    return surprise + (spread > 0 ? log10(1 + (number - largest) / spread) : 1)
  }
}
