import DSLBase
import Glibc

/// Errors that spread over services.
extension IssueDetector {
  /// Whether this window's errors are part of a cascade.
  ///
  /// By chance a service begins to fail once in `windowsPerFalseAlarm` windows. So that k − 1 of the other N − 1 services do
  /// so within w windows has a probability of at most C(N−1, k−1)·(w/windowsPerFalseAlarm)^(k−1); where this is below one in
  /// `windowsPerFalseAlarm` it is no chance. Where calls were seen, only services count that are linked by calls.
  ///
  /// - Parameters:
  ///   - spike: the window's error spike, if it has one.
  ///   - evident: whether the service's errors are still unusual, be they so in this window or not.
  /// - Returns: the cascade, when this window's service has joined it just now or is the first of it.
  mutating func cascade(_ window: ServiceWindow, spike: DetectedIssue?, evident: Bool) -> DetectedIssue? {
    let joined = follow(window, spike: spike, evident: evident)
    guard spike != nil else { return nil }
    let members = linked(to: window.service)
    guard members.count >= 2, let first = members.first, joined || first.service == window.service,
      let last = members.last
    else { return nil }
    let windows = last.onset.seconds(since: first.onset) / window.length + 1
    let single = min(1, windows / settings.windowsPerFalseAlarm)
    let others = Double(members.count - 1)
    let known = Double(max(services.count, members.count) - 1)
    let ways = exp(lgamma(known + 1) - lgamma(others + 1) - lgamma(known - others + 1))
    let chance = min(1, ways * pow(single, others))
    guard chance <= 1 / settings.windowsPerFalseAlarm else { return nil }
    let names = members.map(\.service)
    return DetectedIssue(
      kind: .cascadeFailure, service: first.service, severity: 1 - 1 / Double(members.count),
      confidence: 1 / (1 + chance * settings.windowsPerFalseAlarm), onset: first.onset,
      observed: Double(members.count), expected: (known + 1) * single, measure: "failing_services",
      services: names,
      evidence: "errors began in \(names.joined(separator: ", ")) within \(Self.short(windows)) windows"
        + Self.chance(chance), window: window)
  }

  /// Keeps the list of failing services.
  ///
  /// - Returns: whether this one has been added.
  private mutating func follow(_ window: ServiceWindow, spike: DetectedIssue?, evident: Bool) -> Bool {
    // Who was not heard of for three windows is not known to fail.
    failing.removeAll {
      window.start.seconds(since: $0.seen) > 3 * window.length || ($0.service == window.service && !evident)
    }
    if let place = failing.firstIndex(where: { $0.service == window.service }) {
      failing[place].seen = window.start
      return false
    }
    guard let spike else { return false }
    failing.append(Failing(service: window.service, onset: spike.onset, seen: window.start))
    let depths = Dictionary(uniqueKeysWithValues: failing.map { ($0.service, depth($0.service)) })
    failing.sort {
      ($0.onset, depths[$0.service] ?? 0, $0.service) < ($1.onset, depths[$1.service] ?? 0, $1.service)
    }
    return true
  }

  /// How many failing services this one calls: of two that began together, the called one comes first.
  private func depth(_ service: String) -> Int {
    failing.count { services[$0.service]?.callers.contains(service) == true }
  }

  /// The failing services that are linked to this one by calls among them; all of them when no calls were ever seen.
  private func linked(to service: String) -> [Failing] {
    guard services.values.contains(where: { !$0.callers.isEmpty }) else { return failing }
    var reached: Set<String> = [service]
    var grows = true
    while grows {
      let found = failing.filter { member in
        !reached.contains(member.service)
          && reached.contains { calls($0, member.service) || calls(member.service, $0) }
      }
      grows = !found.isEmpty
      reached.formUnion(found.map(\.service))
    }
    return failing.filter { reached.contains($0.service) }
  }

  private func calls(_ caller: String, _ service: String) -> Bool {
    services[service]?.callers.contains(caller) == true
  }
}
