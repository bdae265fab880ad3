import DSLBase

/// What a confidence lacks, in things that can be counted: heartbeats, records.
///
/// The terms themselves are asked about evidence that is repaired thing by thing. Of all kinds of thing the one of which
/// the fewest suffice is told; where no kind suffices alone, as few of each as do together.
struct Shortfall {
  /// One kind of thing that evidence can lack.
  private struct Repair {
    var one: String
    var many: String
    /// How many of them evidence lacks.
    var limit: Int
    var apply: (inout Observation, Int) -> Void
  }

  private static let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

  private let observation: Observation
  private let confidence: (Observation) -> Double
  private let repairs: [Repair]

  /// - Parameter confidence: what a confidence would be, given evidence.
  init(_ observation: Observation, confidence: @escaping (Observation) -> Double) {
    self.observation = observation
    self.confidence = confidence
    repairs = Self.repairs(of: observation)
  }

  /// The fewest things that make a confidence reach a limit: `two fresh heartbeats`; `nil` when no evidence does.
  func things(to required: Double) -> String? {
    var best: [Int]?
    for place in repairs.indices {
      var counts = repairs.map { _ in 0 }
      counts[place] = repairs[place].limit
      guard reaches(required, counts) else { continue }
      lessen(&counts, place, required)
      if counts[place] < best?.max() ?? .max { best = counts }
    }
    if best == nil {
      var counts = repairs.map(\.limit)
      guard !counts.isEmpty, reaches(required, counts) else { return nil }
      for place in counts.indices { lessen(&counts, place, required) }
      best = counts
    }
    let lacking = zip(repairs, best ?? []).filter { $0.1 > 0 }
    return lacking.isEmpty ? nil : lacking.map { Self.text($0.0, $0.1) }.joined(separator: " and ")
  }

  /// Takes as many of a kind away as can be spared.
  ///
  /// - Complexity: O(log count) assessments: more of a thing never lowers a confidence.
  private func lessen(_ counts: inout [Int], _ place: Int, _ required: Double) {
    var (low, high) = (-1, counts[place])
    while high - low > 1 {
      counts[place] = (low + high) / 2
      if reaches(required, counts) { high = counts[place] } else { low = counts[place] }
    }
    counts[place] = high
  }

  private func reaches(_ required: Double, _ counts: [Int]) -> Bool {
    var repaired = observation
    for (repair, count) in zip(repairs, counts) where count > 0 { repair.apply(&repaired, count) }
    return confidence(repaired) >= required
  }

  private static func text(_ repair: Repair, _ count: Int) -> String {
    let number = count < words.count ? words[count] : String(count)
    return "\(number) \(count == 1 ? repair.one : repair.many)"
  }
}

extension Shortfall {
  private static func repairs(of observation: Observation) -> [Repair] {
    var repairs: [Repair] = []
    let torn = observation.agents.count(where: isTorn)
    let isSilent = observation.evidence.contains { $0.source == "agents" && isOld($0) }
    if torn > 0 || isSilent {
      repairs.append(
        Repair(
          one: "fresh heartbeat", many: "fresh heartbeats", limit: max(torn, 1), apply: heartbeats))
    }
    for (place, source) in observation.evidence.enumerated() {
      let name = source.source
      if isOld(source), name != "agents" {
        repairs.append(
          Repair(one: "fresh record of \(name)", many: "", limit: 1) { seen, _ in freshen(&seen, place) })
      }
      if source.status == .missing {
        repairs.append(
          Repair(one: "record of \(name)", many: "", limit: 1) { seen, _ in
            seen.evidence[place].records = 1
            freshen(&seen, place)
          })
      }
      guard source.unreadable > 0 else { continue }
      let repair = Repair(
        one: "readable record of \(name)", many: "readable records of \(name)", limit: source.unreadable
      ) { seen, count in
        seen.evidence[place].records += count
        seen.evidence[place].unreadable -= count
        if count == source.unreadable, source.status == .corrupt { seen.evidence[place].status = .fresh }
      }
      repairs.append(repair)
    }
    return repairs
  }

  /// Whether an agent runs and does not say so.
  private static func isTorn(_ agent: AgentView) -> Bool { agent.state == .stale && agent.running == true }

  private static func isOld(_ source: SourceEvidence) -> Bool {
    if source.status == .stale || source.status == .unverified { return true }
    guard let age = source.newestAgeSeconds, let limit = source.limitSeconds else { return false }
    return age.magnitude > limit
  }

  /// So many agents were heard of just now.
  private static func heartbeats(_ seen: inout Observation, _ count: Int) {
    for place in seen.agents.indices.filter({ isTorn(seen.agents[$0]) }).prefix(count) {
      seen.agents[place].state = seen.agents[place].claims > 0 ? .busy : .idle
      seen.agents[place].heartbeatAgeSeconds = 0
    }
    for place in seen.evidence.indices where seen.evidence[place].source == "agents" {
      if isOld(seen.evidence[place]) { freshen(&seen, place) }
    }
  }

  private static func freshen(_ seen: inout Observation, _ place: Int) {
    seen.evidence[place].newestAgeSeconds = seen.evidence[place].limitSeconds == nil ? nil : 0
    seen.evidence[place].status = .fresh
  }
}
