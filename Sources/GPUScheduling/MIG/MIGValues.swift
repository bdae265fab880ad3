import Glibc

/// What a layout is worth for the demand still to come, memory slots.
///
/// A GPU is offered many arrivals and takes those that pay: each instance earns its memory slots less its profile's price,
/// lies at the best start, and ends after a lifetime of mean 1. Prices are those at which all GPUs together take just
/// what arrives. So an empty GPU can be worth leaving empty, which a GPU that must take its share of everything cannot
/// express. Values are the relative values of that chain (average-reward value iteration, Puterman, Markov Decision
/// Processes, 8.5); prices are found by subgradient steps on the Lagrangian that ties the GPUs together (Whittle 1988).
package struct MIGValues: Sendable {
  /// By layout; of the empty one 0.
  package private(set) var ofLayout: [Double]
  /// By profile, memory slots.
  package private(set) var prices: [Double]

  /// How many arrivals a GPU may choose from for each one that it has to take.
  private static let offers = 8.0
  /// The demand that values are made for, as a share of memory: where choices matter most. Values made for it serve other
  /// loads as well as values made for those.
  private static let load = 0.95
  /// Gains so far apart are told apart, memory slots: smooths the steps of the prices.
  private static let tolerance = 0.3

  /// - Parameters:
  ///   - shares: by profile, how often it is asked for; need not add up to 1.
  ///   - steps: price steps; 60 for good prices.
  /// - Complexity: O(steps · layouts · instances): a tenth of a second.
  package init(_ states: MIGStates, shares: [Double], steps: Int = 60) {
    let rewards = states.geometry.profiles.map { Double($0.memorySlots) }
    let asked = zip(shares, rewards).reduce(0) { $0 + $1.0 * $1.1 }
    let rates = shares.map { asked > 0 ? $0 / asked * Self.load * Double(MIGGeometry.slots) : 0 }
    var chain = Chain(states, rates: rates.map { $0 * Self.offers })
    var prices = rewards.map { $0 * 0.3 }
    for step in 0..<steps {
      let gains = zip(rewards, prices).map { $0 - $1 }
      for _ in 0..<(step == 0 ? 100 : 30) { chain.improve(gains) }
      let taken = chain.settle(gains, tolerance: Self.tolerance, rounds: 30)
      let stride = 0.5 / (1 + Double(step) / 20)
      for profile in prices.indices where rates[profile] > 0 {
        let excess = taken[profile] / rates[profile] - 1
        prices[profile] = max(0, prices[profile] + stride * rewards[profile] * excess)
      }
    }
    ofLayout = chain.values
    self.prices = prices
  }
}

/// One GPU under its offers, in uniformized time.
private struct Chain {
  var values: [Double]
  private var shares: [Double]
  private let rates: [Double]
  private let pace: Double
  /// By layout and profile: the layouts that cutting it can lead to.
  private let larger: [[[Int]]]
  /// By layout: those that the end of an instance leads to.
  private let smaller: [[Int]]

  init(_ states: MIGStates, rates: [Double]) {
    self.rates = rates
    pace = rates.reduce(0, +) + Double(MIGGeometry.computeSlices)
    larger = states.layouts.indices.map { layout in
      states.ofProfile.map { $0.compactMap { states.creating($0, in: layout) } }
    }
    smaller = states.layouts.indices.map { layout in
      states.held[layout].compactMap { states.destroying($0, in: layout) }
    }
    values = [Double](repeating: 0, count: states.layouts.count)
    shares = values
    shares[0] = 1
  }

  /// The layout of most worth after a cut; nil where there is no room.
  private func best(_ profile: Int, in layout: Int) -> Int? {
    var best: Int?
    for next in larger[layout][profile] where best.map({ values[next] > values[$0] }) ?? true { best = next }
    return best
  }

  /// One round of value iteration.
  mutating func improve(_ gains: [Double]) {
    var next = values
    for layout in values.indices {
      var change = 0.0
      for profile in rates.indices where rates[profile] > 0 {
        guard let best = best(profile, in: layout) else { continue }
        change += rates[profile] * max(0, gains[profile] + values[best] - values[layout])
      }
      for end in smaller[layout] { change += values[end] - values[layout] }
      next[layout] += change / pace
    }
    let empty = next[0]
    for layout in next.indices { next[layout] -= empty }
    values = next
  }

  /// Lets the shares of time in each layout follow the values.
  ///
  /// - Returns: by profile, what is taken in a mean lifetime.
  mutating func settle(_ gains: [Double], tolerance: Double, rounds: Int) -> [Double] {
    var taken = gains.map { _ in 0.0 }
    for round in 0..<rounds {
      var next = [Double](repeating: 0, count: shares.count)
      for layout in shares.indices where shares[layout] > 1e-12 {
        var stay = shares[layout]
        for profile in rates.indices where rates[profile] > 0 {
          guard let best = best(profile, in: layout) else { continue }
          let gain = gains[profile] + values[best] - values[layout]
          let flow = shares[layout] * rates[profile] / pace / (1 + exp(-gain / tolerance))
          next[best] += flow
          stay -= flow
          if round == rounds - 1 { taken[profile] += flow * pace }
        }
        for end in smaller[layout] {
          next[end] += shares[layout] / pace
          stay -= shares[layout] / pace
        }
        next[layout] += stay
      }
      shares = next
    }
    return taken
  }
}
