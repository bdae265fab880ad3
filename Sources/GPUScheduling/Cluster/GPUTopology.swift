/// How the GPUs of one node lie to each other: NUMA groups, NVLink, PCIe distance.
package struct GPUTopology: Sendable, Hashable {
  package let count: Int
  /// By GPU: its NUMA group, numbered from 0 in the order of the first GPU.
  package let numa: [UInt8]
  /// The link between two GPUs, row by row; nothing on the diagonal.
  private let links: [GPULink?]
  /// By NUMA group: its GPUs, one bit each.
  package let numaGroups: [UInt32]
  /// GPUs that reach each other over NVLink, one bit each; a GPU without NVLink is a group of its own.
  package let nvlinkGroups: [UInt32]

  /// - Parameters:
  ///   - numa: by GPU, any numbers that tell groups apart; at most `IdleGPUs.limit` GPUs.
  ///   - link: the link between two different GPUs; asked for `a < b`.
  package init(numa: [Int], link: (_ a: Int, _ b: Int) -> GPULink) {
    count = numa.count
    var seen: [Int] = []
    self.numa = numa.map { group in
      if let known = seen.firstIndex(of: group) { return UInt8(known) }
      seen.append(group)
      return UInt8(seen.count - 1)
    }
    var links = [GPULink?](repeating: nil, count: numa.count * numa.count)
    for a in numa.indices {
      for b in numa.indices where b > a {
        links[a * numa.count + b] = link(a, b)
        links[b * numa.count + a] = links[a * numa.count + b]
      }
    }
    self.links = links
    var groups = [UInt32](repeating: 0, count: seen.count)
    for (gpu, group) in self.numa.enumerated() { groups[Int(group)] |= 1 << UInt32(gpu) }
    numaGroups = groups
    nvlinkGroups = Self.connected(numa.count) { links[$0 * numa.count + $1]?.isNVLink ?? false }
  }

  /// Whole GPUs of which nothing is known but their number: one NUMA group, behind one host bridge.
  package init(unknown count: Int) { self.init(numa: Array(repeating: 0, count: count)) { _, _ in .phb } }

  /// Every GPU, one bit each.
  package var all: UInt32 { count == 0 ? 0 : UInt32.max >> UInt32(32 - count) }

  package func link(_ a: Int, _ b: Int) -> GPULink? { links[a * count + b] }

  /// How far apart some GPUs are.
  package func spread(of gpus: UInt32) -> Spread {
    var spread = Spread()
    var groups: UInt32 = 0
    for a in 0..<count where gpus >> UInt32(a) & 1 == 1 {
      groups |= 1 << UInt32(numa[a])
      for b in a + 1..<max(count, a + 1) where gpus >> UInt32(b) & 1 == 1 {
        guard let link = link(a, b) else { continue }
        spread.distance += link.distance
        spread.slowest = min(spread.slowest, link.gigabytesPerSecond)
      }
    }
    spread.numaGroups = groups.nonzeroBitCount
    return spread
  }

  /// What a set of GPUs is like to those who talk across it.
  package struct Spread: Sendable, Hashable, Comparable {
    /// The sum over pairs that have no NVLink.
    package var distance = 0
    /// NUMA groups touched.
    package var numaGroups = 0
    /// GB/s of the slowest pair; infinite for a single GPU.
    package var slowest = Double.infinity

    /// Nearer together first: links, then NUMA groups.
    package static func < (left: Spread, right: Spread) -> Bool {
      (left.distance, left.numaGroups) < (right.distance, right.numaGroups)
    }
  }

  /// Sets of numbers that are connected, each one bit, in the order of their first.
  private static func connected(_ count: Int, _ linked: (Int, Int) -> Bool) -> [UInt32] {
    var (groups, left): ([UInt32], [Int]) = ([], Array(0..<count))
    while let first = left.first {
      var (group, edge): (UInt32, [Int]) = (1 << UInt32(first), [first])
      while let gpu = edge.popLast() {
        for other in 0..<count where group >> UInt32(other) & 1 == 0 && linked(gpu, other) {
          group |= 1 << UInt32(other)
          edge.append(other)
        }
      }
      groups.append(group)
      left.removeAll { group >> UInt32($0) & 1 == 1 }
    }
    return groups
  }
}
