extension GPUTopology {
  /// The GPUs to take: as near together as any choice is, and of those the ones that leave the rest most whole.
  ///
  /// What is left counts after what is taken: fewest NUMA groups broken into, then the rest nearest together, then the lowest
  /// numbers.
  ///
  /// - Parameters:
  ///   - wanted: how many.
  ///   - free: GPUs that may be taken, one bit each.
  ///   - slowest: GB/s that the slowest pair must have at least.
  /// - Returns: one bit each; `nil` when there are not that many, or none are linked well enough.
  /// - Complexity: O(free choose wanted), at most 12,870 sets; looks at one group alone when it holds just enough.
  package func pick(_ wanted: Int, from free: UInt32, slowest: Double = 0) -> UInt32? {
    let free = free & all
    guard wanted <= free.nonzeroBitCount else { return nil }
    guard wanted > 0 else { return 0 }
    var best: (set: UInt32, spread: Spread, rest: Rest)?
    Self.eachSubset(of: free, size: wanted) { set in
      let spread = spread(of: set)
      guard spread.slowest >= slowest else { return }
      if let best, best.spread < spread { return }
      let rest = rest(free, without: set)
      if let best, !(spread < best.spread), !(rest < best.rest) { return }
      best = (set, spread, rest)
    }
    return best?.set
  }

  /// How whole the GPUs are that stay.
  private struct Rest: Comparable {
    /// NUMA groups of which some free GPUs go and some stay.
    var broken: Int
    var distance: Int

    static func < (left: Rest, right: Rest) -> Bool {
      (left.broken, left.distance) < (right.broken, right.distance)
    }
  }

  private func rest(_ free: UInt32, without set: UInt32) -> Rest {
    let left = free & ~set
    let broken = numaGroups.count { $0 & set != 0 && $0 & left != 0 }
    return Rest(broken: broken, distance: spread(of: left).distance)
  }

  /// Every subset of a size, in the order of the lowest members.
  static func eachSubset(of set: UInt32, size: Int, _ body: (UInt32) -> Void) {
    let members = (0..<32).filter { set >> UInt32($0) & 1 == 1 }
    func extend(_ chosen: UInt32, from index: Int, left: Int) {
      if left == 0 { return body(chosen) }
      guard members.count - index >= left else { return }
      for next in index...(members.count - left) {
        extend(chosen | 1 << UInt32(members[next]), from: next + 1, left: left - 1)
      }
    }
    extend(0, from: 0, left: size)
  }
}
