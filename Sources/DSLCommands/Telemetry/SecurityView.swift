import Autonomy
import Coordination
import DSLBase
import Glibc

extension Context {
  /// Examines the coordination directory as the user that this process runs as.
  ///
  /// - Throws: as `SecurityCollector.report`.
  func securityReport(_ loaded: LoadedSettings) throws -> SecurityReport {
    let paths = [SettingsLoader.userFile(environment), directory.configuration].compactMap { $0 }
    return try SecurityCollector(
      directory, loaded, configurations: paths, searchPath: environment["PATH"] ?? "/usr/bin:/bin",
      user: geteuid(), resolve: Self.resolve
    ).report()
  }

  /// What the examination and telemetry show.
  ///
  /// - Throws: as `securityReport`; `corrupt` when the events cannot be read.
  func securityView(_ loaded: LoadedSettings) throws -> SecurityView {
    let settings = loaded.settings.security
    let events = try SecurityEventStore(directory, settings).events(at: time.now)
    return SecurityView(
      try securityReport(loaded), EventSummary(events, threshold: settings.threatThreshold))
  }

  /// `realpath`.
  private static func resolve(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }
}

/// How a security report is shown.
struct SecurityView {
  private let report: SecurityReport
  private let events: EventSummary

  init(_ report: SecurityReport, _ events: EventSummary) {
    self.report = report
    self.events = events
  }

  /// Weaknesses of files and events of telemetry.
  private var total: Int { report.total + events.all.count }

  /// All that was found.
  var data: JSONValue {
    [
      "metrics": [
        "files_examined": .int(report.examined), "total_events": .int(total),
        "listed": .int(report.threats.count),
        "types": counts(ThreatType.allCases) { ($0.rawValue, report.types[$0]) },
        "telemetry_events": .int(events.all.count), "telemetry_threats": .int(events.threats.count),
        "event_types": events.types,
      ],
      "threat_summary": counts(ThreatLevel.allCases.reversed()) { level in
        (level.rawValue + "_threats", report.levels[level, default: 0] + events.threats(level))
      },
      "threats": .array(report.threats.map(Self.threat)), "events": events.listed,
      "suspicious_ips": events.suspiciousIPs,
      "recommendations": .strings(report.recommendations + events.recommendations),
    ]
  }

  /// What a status says of it: numbers, and the worst of them.
  func summary(listed: Int) -> JSONValue {
    [
      "total_events": .int(total),
      "threat_distribution": counts(ThreatLevel.allCases.reversed()) { level in
        (level.rawValue, report.levels[level, default: 0] + events.threats(level))
      },
      "suspicious_ips": events.suspiciousIPs, "recent_events": events.latest(listed),
      "recent_threats": .array(report.threats.prefix(listed).map(Self.threat)),
    ]
  }

  /// The summary of a directory that cannot be looked at.
  static let unknown: JSONValue = [
    "total_events": .null, "threat_distribution": .null, "suspicious_ips": [], "recent_events": [],
    "recent_threats": [],
  ]

  /// What could not be looked at, as warnings.
  var warnings: [String] { report.unexamined.map { "not examined: \($0)" } }

  /// Weaknesses and what mends them.
  func text(_ paint: Paint) -> String {
    guard total > 0 else {
      return paint("nothing found", .good) + " in \(report.examined) files and in telemetry\n"
    }
    var text = events.text(paint)
    text += paint("\(report.total) found in \(report.examined) files\n", .strong)
    for threat in report.threats {
      text += style(threat.level, paint) + " " + Shown.safe("\(threat.file): \(threat.reason)") + "\n"
      text += paint("    fix: " + Shown.safe(threat.fix), .quiet) + "\n"
    }
    let rest = report.total - report.threats.count
    return rest > 0 ? text + "and \(rest) more\n" : text
  }

  private func style(_ level: ThreatLevel, _ paint: Paint) -> String {
    switch level {
    case .critical, .high: paint(level.rawValue, .bad)
    case .medium: paint(level.rawValue, .warning)
    case .low: paint(level.rawValue, .quiet)
    }
  }

  private static func threat(_ threat: Threat) -> JSONValue {
    [
      "level": .string(threat.level.rawValue), "type": .string(threat.type.rawValue),
      "file": .string(threat.file), "reason": .string(threat.reason), "fix": .string(threat.fix),
    ]
  }

  private func counts<Kind>(_ kinds: [Kind], _ count: (Kind) -> (name: String, count: Int?)) -> JSONValue {
    var object = JSONObject()
    for kind in kinds {
      let (name, number) = count(kind)
      object[name] = .int(number ?? 0)
    }
    return .object(object)
  }
}
