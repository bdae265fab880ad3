import DSLBase

/// What is weak about single facts: the table in `docs/cli.md`, as code.
struct SecurityRules {
  /// The user that the engine runs as.
  let user: UInt32
  /// Whose the coordination directory is.
  let directoryOwner: UInt32

  /// The weaknesses of one fact.
  func threats(_ fact: SecurityFact) -> [Threat] {
    switch fact.role {
    case .directory(let facts): directory(fact, facts)
    case .configuration(let namesCommand): configuration(fact, namesCommand)
    case .policy: written(fact, "the policy in force", others: .high, group: .medium) + owned(fact, .high)
    case .program:
      written(fact, "a program that agents are run with", others: .critical, group: .high)
        + owned(fact, .critical)
    case .programDirectory: programDirectory(fact)
    case .state: state(fact)
    case .stateFile:
      link(fact, .high) + tampered(fact, .high, "a file of the engine's state") + foreign(fact, .high)
    case .record: record(fact)
    case .log: log(fact)
    }
  }

  private func directory(_ fact: SecurityFact, _ facts: SecurityFact.DirectoryFacts) -> [Threat] {
    var found: [Threat] = []
    if fact.othersReplace {
      found.append(
        Threat(
          level: facts.namesCommand ? .critical : .high, type: .injection, file: fact.file,
          reason: "everybody may replace what is in it, dsl.yaml included",
          fix: "chmod o-w \(quoted(fact.file))"))
    } else if fact.othersCreate, !facts.isConfigured {
      found.append(
        Threat(
          level: .high, type: .injection, file: fact.file,
          reason: "everybody may put a dsl.yaml that names commands into it",
          fix: "dsl init \(quoted(fact.file))"))
    }
    if !isTrusted(fact) {
      found.append(
        Threat(
          level: facts.namesCommand ? .high : .medium, type: .suspiciousAccess, file: fact.file,
          reason: "it belongs to user \(fact.status.owner), who may replace dsl.yaml", fix: owner(fact)))
    }
    return found
  }

  private func configuration(_ fact: SecurityFact, _ namesCommand: Bool) -> [Threat] {
    let what = namesCommand ? "a configuration that names a command which is executed" : "the configuration"
    return written(
      fact, what, others: namesCommand ? .critical : .high, group: namesCommand ? .high : .medium)
      + owned(fact, namesCommand ? .critical : .high)
  }

  private func programDirectory(_ fact: SecurityFact) -> [Threat] {
    guard fact.othersReplace else { return [] }
    return [
      Threat(
        level: .critical, type: .injection, file: fact.file,
        reason: "everybody may replace a program in it that agents are run with",
        fix: "chmod o-w \(quoted(fact.file))")
    ]
  }

  private func state(_ fact: SecurityFact) -> [Threat] {
    guard fact.status.kind != .symbolicLink else { return link(fact, .high) }
    guard fact.othersCreate else { return foreign(fact, .high) }
    return [
      Threat(
        level: .high, type: .tampering, file: fact.file, reason: "everybody may write the engine's state",
        fix: "chmod o-w \(quoted(fact.file))")
    ] + foreign(fact, .high)
  }

  private func record(_ fact: SecurityFact) -> [Threat] {
    guard fact.status.kind != .symbolicLink else { return link(fact, .medium) }
    return tampered(fact, .medium, "a record") + foreign(fact, .medium)
  }

  private func log(_ fact: SecurityFact) -> [Threat] {
    guard fact.status.kind == .file, fact.othersRead else { return [] }
    return [
      Threat(
        level: .low, type: .dataExposure, file: fact.file, reason: "everybody may read what an agent printed",
        fix: "chmod o-r \(quoted(fact.file))")
    ]
  }

  // MARK: Weaknesses that several roles share

  private func written(
    _ fact: SecurityFact, _ what: String, others: ThreatLevel, group: ThreatLevel
  ) -> [Threat] {
    guard fact.status.kind == .file, fact.othersWrite || fact.groupWrites else { return [] }
    return [
      Threat(
        level: fact.othersWrite ? others : group, type: .injection, file: fact.file,
        reason: "\(fact.othersWrite ? "everybody" : "its group") may write \(what)",
        fix: "chmod go-w \(quoted(fact.file))")
    ]
  }

  private func owned(_ fact: SecurityFact, _ level: ThreatLevel) -> [Threat] {
    guard !isTrusted(fact) else { return [] }
    return [
      Threat(
        level: level, type: .injection, file: fact.file,
        reason: "it belongs to user \(fact.status.owner), who is neither the engine's user nor root",
        fix: owner(fact))
    ]
  }

  private func foreign(_ fact: SecurityFact, _ level: ThreatLevel) -> [Threat] {
    guard !isTrusted(fact), fact.status.owner != directoryOwner else { return [] }
    return [
      Threat(
        level: level, type: .suspiciousAccess, file: fact.file,
        reason: "it belongs to user \(fact.status.owner), and the directory does not", fix: owner(fact))
    ]
  }

  private func tampered(_ fact: SecurityFact, _ level: ThreatLevel, _ what: String) -> [Threat] {
    guard fact.status.kind == .file, fact.othersWrite else { return [] }
    return [
      Threat(
        level: level, type: .tampering, file: fact.file, reason: "everybody may write \(what)",
        fix: "chmod o-w \(quoted(fact.file))")
    ]
  }

  private func link(_ fact: SecurityFact, _ level: ThreatLevel) -> [Threat] {
    guard fact.status.kind == .symbolicLink else { return [] }
    return [
      Threat(
        level: level, type: .suspiciousAccess, file: fact.file,
        reason: "it is a symbolic link where a file of this directory should be",
        fix: "look where it leads, then unlink \(quoted(fact.file))")
    ]
  }

  /// Root may do everything anyway.
  private func isTrusted(_ fact: SecurityFact) -> Bool {
    fact.status.owner == user || fact.status.owner == 0
  }

  private func owner(_ fact: SecurityFact) -> String {
    "find out why, then chown \(user) \(quoted(fact.file))"
  }

  /// A path as a shell takes it.
  private func quoted(_ path: String) -> String {
    let plain = path.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "/._-+:@%,".utf8.contains(byte)
    }
    guard !plain || path.isEmpty || path.hasPrefix("-") else { return path }
    let escaped = path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    return "'\(path.hasPrefix("-") ? "./" : "")\(escaped)'"
  }
}
