/// A gang that has lost members: the others hold GPUs for nothing.
package struct StaleGang: Sendable, Hashable {
  package var workload: String
  package var members: Int
  package var present: Int
  /// Seconds since 1970.
  package var since: Double
}

/// Remembers since when gangs lack members: a list of observations in, the gangs to release out.
package struct StaleGangs: Sendable, Hashable {
  private var since: [String: Double] = [:]

  package init() {}

  /// Looks at who runs.
  ///
  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - after: seconds that a gang may lack members.
  /// - Returns: gangs that have lacked members for so long, in the order of their names.
  package mutating func observe(_ state: ClusterState, now: Double, after: Double) -> [StaleGang] {
    var (found, lacking): ([StaleGang], [String: Double]) = ([], [:])
    for name in state.members.keys.sorted() {
      let pods = state.members[name] ?? []
      guard let members = pods.first.flatMap({ state.bindings[$0]?.workload.members }), pods.count < members
      else {
        continue
      }
      let start = since[name] ?? now
      lacking[name] = start
      if now - start >= after {
        found.append(StaleGang(workload: name, members: members, present: pods.count, since: start))
      }
    }
    since = lacking
    return found
  }
}

extension ClusterScheduler {
  /// Releases what gangs hold that have lacked members for the profile's `staleAfter`.
  ///
  /// - Returns: the gangs that are gone.
  package mutating func releaseStale(_ watch: inout StaleGangs, now: Double) -> [StaleGang] {
    let stale = watch.observe(state, now: now, after: profile.staleAfter)
    for gang in stale { state.release(gang.workload) }
    return stale
  }
}
