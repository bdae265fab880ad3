package import DSLBase

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

  /// Reads what `json` wrote.
  ///
  /// - Throws: `invalidInput` when it is something else.
  package init(_ value: JSONValue, file: String) throws(DSLError) {
    for member in value["lacking_since"]?.object ?? [:] { since[member.key] = member.value.double }
    guard value["lacking_since"]?.object?.count == since.count, since.values.allSatisfy(\.isFinite) else {
      throw DSLError(
        .invalidInput, "\(file) does not tell since when gangs lack members",
        fix: "name another file, or remove this one")
    }
  }

  /// By gang: since when it lacks members, seconds since 1970.
  package var json: JSONValue {
    var members = JSONObject()
    for name in since.keys.sorted() { members[name] = since[name].map { .double($0) } }
    return ["lacking_since": .object(members)]
  }

  /// Since when a gang lacks members, seconds since 1970; `nil` when it does not.
  package subscript(workload: String) -> Double? { since[workload] }

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
