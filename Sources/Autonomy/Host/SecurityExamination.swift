package import DSLBase

/// What an examination found.
package struct SecurityReport: Sendable, Equatable {
  /// Things that were looked at.
  package var examined = 0
  /// Weaknesses, the worst first, then by file; at most as many as the examination lists.
  package var threats: [Threat] = []
  /// Weaknesses by level, the listed and the others.
  package var levels: [ThreatLevel: Int] = [:]
  /// Weaknesses by type, the listed and the others.
  package var types: [ThreatType: Int] = [:]
  /// What to do, a sentence each, the most urgent first.
  package var recommendations: [String] = []
  /// What could not be looked at, with the reason.
  package var unexamined: [String] = []

  /// A report on nothing.
  package init() {}

  /// All weaknesses.
  package var total: Int { ThreatLevel.allCases.reduce(0) { $0 + levels[$1, default: 0] } }
}

/// Judges who, besides the user that the engine runs as, could have it do or believe something.
///
/// Pure: facts in, a report out, whatever order they come in. `SecurityCollector` gathers the facts of a directory.
package struct SecurityExamination: Sendable {
  private let rules: SecurityRules
  private let listed: Int
  private var report = SecurityReport()

  /// An examination without facts.
  ///
  /// - Parameters:
  ///   - user: the number of the user that the engine runs as.
  ///   - directoryOwner: whose the coordination directory is; records may be that user's too.
  ///   - listed: weaknesses that are listed at most; more are only counted.
  package init(user: UInt32, directoryOwner: UInt32, listed: Int = 100) {
    rules = SecurityRules(user: user, directoryOwner: directoryOwner)
    self.listed = max(0, listed)
  }

  /// Judges one thing.
  ///
  /// - Complexity: O(1) amortised but for sorting the listed weaknesses.
  package mutating func add(_ fact: SecurityFact) {
    report.examined += 1
    for threat in rules.threats(fact) {
      report.levels[threat.level, default: 0] += 1
      report.types[threat.type, default: 0] += 1
      report.threats.append(threat)
    }
    if report.threats.count >= 2 * listed + 16 { trim() }
  }

  /// Notes what could not be looked at; the first 20 are kept.
  package mutating func skip(_ error: FileError) {
    if report.unexamined.count < 20 { report.unexamined.append(error.description) }
  }

  /// The report on all that was added.
  package consuming func finish() -> SecurityReport {
    trim()
    report.recommendations = recommendations
    return report
  }

  private mutating func trim() {
    func rank(_ level: ThreatLevel) -> Int { ThreatLevel.allCases.firstIndex(of: level) ?? 0 }
    report.threats.sort { (rank($1.level), $0.file, $0.reason) < (rank($0.level), $1.file, $1.reason) }
    let excess = report.threats.count - listed
    if excess > 0 { report.threats.removeLast(excess) }
  }

  private var recommendations: [String] {
    let advice: [(ThreatType, String)] = [
      (
        .injection,
        "let only the engine's user write configuration, policy, agents' programs and the directories they are in"
      ),
      (.tampering, "let only the users of the engine and of its agents write records and .dsl"),
      (
        .suspiciousAccess,
        "find out who made the links and the files of other users, and remove what nobody answers for"
      ),
      (.dataExposure, "keep logs to yourself: chmod o-rx the directory .dsl/logs"),
    ]
    return advice.filter { report.types[$0.0, default: 0] > 0 }.map(\.1)
  }
}
