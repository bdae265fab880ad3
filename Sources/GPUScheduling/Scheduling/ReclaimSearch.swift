/// Chooses whole workloads that together free enough of every memory.
struct ReclaimSearch {
  struct Candidate {
    var victim: Victim
    var cost: Double
    /// By pool: MiB.
    var frees: [Int: Int]
  }

  /// Candidates of one group up to which every set is looked at.
  static var exactLimit: Int { 16 }

  private let groups: [ReclaimGroup]

  /// - Parameter needs: by pool, MiB that have to be freed; all candidates together must free that much.
  init(_ candidates: [Candidate], needs: [Int: Int]) {
    var groups: [(pools: Set<Int>, members: [Candidate])] = []
    for candidate in candidates {
      let pools = Set(candidate.frees.keys.filter { needs[$0] != nil })
      if pools.isEmpty { continue }
      let touched = groups.filter { !$0.pools.isDisjoint(with: pools) }
      groups.removeAll { !$0.pools.isDisjoint(with: pools) }
      groups.append(
        (touched.reduce(pools) { $0.union($1.pools) }, touched.flatMap(\.members) + [candidate]))
    }
    self.groups = groups.map { group in
      let pools = group.pools.sorted()
      return ReclaimGroup(group.members, pools, pools.map { needs[$0] ?? 0 })
    }
  }

  /// Those that go, the lowest priorities first, then the least cost.
  func best() -> [Candidate] {
    groups.flatMap { $0.best() }.sorted { ReclaimGroup.isBefore($0, $1) }
  }
}

/// Memory and candidates that are connected: a workload on several GPUs connects them.
private struct ReclaimGroup {
  private let candidates: [ReclaimSearch.Candidate]
  /// By candidate and place in the group's pools: MiB.
  private let frees: [[Int]]
  private let needs: [Int]
  /// By candidate: which priority it has, 0 for the highest.
  private let levels: [Int]
  private let levelCount: Int

  init(_ candidates: [ReclaimSearch.Candidate], _ pools: [Int], _ needs: [Int]) {
    self.candidates = candidates.sorted(by: Self.isBefore)
    self.needs = needs
    frees = self.candidates.map { candidate in pools.map { candidate.frees[$0] ?? 0 } }
    let priorities = Set(candidates.map(\.victim.workload.priority)).sorted(by: >)
    levels = self.candidates.map { priorities.firstIndex(of: $0.victim.workload.priority) ?? 0 }
    levelCount = priorities.count
  }

  static func isBefore(_ left: ReclaimSearch.Candidate, _ right: ReclaimSearch.Candidate) -> Bool {
    (left.victim.workload.priority, left.cost, left.victim.workload.name)
      < (right.victim.workload.priority, right.cost, right.victim.workload.name)
  }

  func best() -> [ReclaimSearch.Candidate] {
    // Whoever can stay stays, the dearest first: by cost, and by cost for what it would free.
    let byCost = candidates.indices.sorted { rank($0, candidates[$0].cost) < rank($1, candidates[$1].cost) }
    let byRate = candidates.indices.sorted { rank($0, rate($0)) < rank($1, rate($1)) }
    var found = [minimal(byCost), minimal(byRate)].min { score($0) < score($1) } ?? []
    if candidates.count <= ReclaimSearch.exactLimit { found = exact(start: found) }
    return found.map { candidates[$0] }
  }

  private func rank(_ index: Int, _ cost: Double) -> (Int, Double, Int) { (levels[index], -cost, -index) }

  private func rate(_ index: Int) -> Double {
    let useful = zip(frees[index], needs).reduce(0) { $0 + min($1.0, $1.1) }
    return candidates[index].cost / Double(max(1, useful))
  }

  /// All of them but those that can stay, asked in an order.
  private func minimal(_ order: [Int]) -> [Int] {
    var spare = needs.indices.map { pool in frees.reduce(0) { $0 + $1[pool] } - needs[pool] }
    var taken = Set(candidates.indices)
    for index in order where zip(spare, frees[index]).allSatisfy({ $0 >= $1 }) {
      taken.remove(index)
      for pool in spare.indices { spare[pool] -= frees[index][pool] }
    }
    return taken.sorted()
  }

  /// Costs by priority, the highest first; then how many, and how unwilling they are.
  private func score(_ taken: [Int]) -> Score {
    var score = Score(costs: Array(repeating: 0, count: levelCount))
    for index in taken { score.add(candidates[index], level: levels[index]) }
    return score
  }

  private struct Score: Comparable {
    var costs: [Double]
    var count = 0
    var unwillingness = 0.0

    mutating func add(_ candidate: ReclaimSearch.Candidate, level: Int) {
      costs[level] += candidate.cost
      count += 1
      unwillingness += candidate.victim.workload.qos.weight
    }

    static func < (left: Score, right: Score) -> Bool {
      for (mine, other) in zip(left.costs, right.costs) where mine != other { return mine < other }
      return (left.count, left.unwillingness) < (right.count, right.unwillingness)
    }
  }

  /// The best of all sets; a known one when none is better.
  private func exact(start: [Int]) -> [Int] {
    var (best, bestScore) = (start, score(start))
    // By candidate: what it and all behind it free.
    var behind = [Array(repeating: 0, count: needs.count)]
    for row in frees.reversed() { behind.append(zip(behind[behind.count - 1], row).map { $0 + $1 }) }
    behind.reverse()
    func extend(_ taken: [Int], _ sum: Score, _ lacking: [Int], from index: Int) {
      guard sum < bestScore else { return }
      if lacking.allSatisfy({ $0 <= 0 }) {
        (best, bestScore) = (taken, sum)
        return
      }
      guard index < candidates.count, zip(lacking, behind[index]).allSatisfy({ $0 <= $1 }) else { return }
      var larger = sum
      larger.add(candidates[index], level: levels[index])
      extend(taken + [index], larger, zip(lacking, frees[index]).map { $0 - $1 }, from: index + 1)
      extend(taken, sum, lacking, from: index + 1)
    }
    extend([], Score(costs: Array(repeating: 0, count: levelCount)), needs, from: 0)
    return best
  }
}
