import DSLBase
import Glibc

/// Requests for instances that come and go: Poisson arrivals of typical profiles, lifetimes exponential of mean 1.
package struct MIGDemand: Sendable {
  /// One request.
  package struct Request: Sendable {
    package var profile: Int
    package var arrives: Double
    package var ends: Double
  }

  /// In the order of arrival.
  package private(set) var requests: [Request] = []

  /// Mixes of profiles by size, in shares of the requests, from the one that takes least memory to the whole GPU. Of the last
  /// three the large ones are 4g, which begin at slot 0 alone: first-fit puts the small ones just there.
  package static let mixes: [(name: String, shares: [Double])] = [
    ("uniform", [1, 1, 1, 1, 1, 1]), ("small-heavy", [8, 4, 4, 2, 1, 1]),
    ("large-heavy", [1, 1, 2, 4, 4, 4]), ("1g-4g", [1, 0, 0, 0, 1, 0]), ("1g-double-4g", [0, 1, 0, 0, 1, 0]),
    ("1g-2g-4g", [1, 0, 1, 0, 1, 0]),
  ]

  /// - Parameters:
  ///   - shares: by profile, how often it is asked for.
  ///   - load: memory slots asked for at a time, as a share of those that the GPUs have.
  package init(
    _ geometry: MIGGeometry, shares: [Double], load: Double, gpus: Int, requests count: Int, seed: UInt64
  ) {
    var random = SplitMix64(seed: seed)
    func waiting() -> Double { -log(Double.random(in: .leastNonzeroMagnitude..<1, using: &random)) }
    let total = shares.reduce(0, +)
    let asked = zip(shares, geometry.profiles).reduce(0) { $0 + $1.0 * Double($1.1.memorySlots) } / total
    let rate = load * Double(gpus * MIGGeometry.slots) / asked
    var time = 0.0
    for _ in 0..<count {
      time += waiting() / rate
      var (left, profile) = (Double.random(in: 0..<total, using: &random), 0)
      while profile < shares.count - 1, left >= shares[profile] {
        left -= shares[profile]
        profile += 1
      }
      requests.append(Request(profile: profile, arrives: time, ends: time + waiting()))
    }
  }
}

extension MIGGeometry {
  /// The most memory slots that any packer can give on empty GPUs, all requests known before and none of them ending:
  /// exact, by trying every combination of maximal layouts.
  ///
  /// - Parameter demand: by profile, how many are asked for.
  /// - Complexity: O(kinds^gpus), 38 kinds for the six plain profiles: for a few GPUs.
  package func exactPacking(_ demand: [Int], gpus: Int) -> Int {
    let kinds = Set(
      everyLayout().filter(\.isMaximal).map { layout in
        profiles.indices.map { profile in layout.instances.count { $0.profile == profile } }
      }
    ).sorted { $0.lexicographicallyPrecedes($1) }
    func most(_ left: [Int], _ gpus: Int, from first: Int) -> Int {
      guard gpus > 0 else { return 0 }
      var best = 0
      for kind in first..<kinds.count {
        let given = zip(left, kinds[kind]).map { min($0, $1) }
        let slots = zip(given, profiles).reduce(0) { $0 + $1.0 * $1.1.memorySlots }
        best = max(best, slots + most(zip(left, given).map { $0 - $1 }, gpus - 1, from: kind))
      }
      return best
    }
    return most(demand, gpus, from: 0)
  }
}
