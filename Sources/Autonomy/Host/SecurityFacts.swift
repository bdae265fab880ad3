package import DSLBase

/// Who besides its owner gets as far as a file: whether all directories on the way can be searched.
///
/// By permission bits alone; access control lists and mounts are not looked at, so that it is an upper bound.
package struct Reach: Sendable, Equatable {
  /// Members of some group on the way.
  package var group: Bool
  /// Everybody.
  package var others: Bool

  package init(group: Bool, others: Bool) {
    self.group = group
    self.others = others
  }

  /// Everybody gets there.
  package static let everybody = Reach(group: true, others: true)

  /// What is left of it behind a directory.
  package func through(_ directory: FileStatus) -> Reach {
    Reach(
      group: group && directory.permissions & 0o011 != 0, others: others && directory.permissions & 0o001 != 0
    )
  }
}

/// One thing that was looked at, as it is.
package struct SecurityFact: Sendable, Equatable {
  /// What the engine uses it for.
  package enum Role: Sendable, Equatable {
    /// The coordination directory itself.
    case directory(DirectoryFacts)
    /// A configuration file; whether a command that is executed stands in it.
    case configuration(namesCommand: Bool)
    /// The policy file in force.
    case policy
    /// A program or script that a configured command names.
    case program
    /// The directory of such a program.
    case programDirectory
    /// A directory of the engine's own state.
    case state
    /// A file of the engine's own state.
    case stateFile
    /// A file named like a record.
    case record
    /// What an agent printed.
    case log
  }

  /// What decides how bad a weakness of the coordination directory is.
  package struct DirectoryFacts: Sendable, Equatable {
    /// Whether `dsl.yaml` is there.
    package var isConfigured: Bool
    /// Whether `dsl.yaml` names a command that is executed.
    package var namesCommand: Bool

    package init(isConfigured: Bool, namesCommand: Bool) {
      self.isConfigured = isConfigured
      self.namesCommand = namesCommand
    }
  }

  package var role: Role
  /// The path, as it is shown.
  package var file: String
  package var status: FileStatus
  package var reach: Reach

  package init(_ role: Role, _ file: String, _ status: FileStatus, reach: Reach = .everybody) {
    self.role = role
    self.file = file
    self.status = status
    self.reach = reach
  }

  /// Whether everybody may change the content of the file.
  var othersWrite: Bool { reach.others && status.permissions & 0o002 != 0 }
  /// Whether more than the owner may.
  var groupWrites: Bool { reach.group && status.permissions & 0o020 != 0 }
  /// Whether everybody may read it.
  var othersRead: Bool { reach.others && status.permissions & 0o004 != 0 }
  /// Whether everybody may create entries in the directory: that takes both writing and searching.
  var othersCreate: Bool { reach.others && status.permissions & 0o003 == 0o003 }
  /// Whether everybody may also remove and replace those of others, which the sticky bit forbids.
  var othersReplace: Bool { othersCreate && status.permissions & 0o1000 == 0 }
}

/// How bad a weakness is, the least first.
package enum ThreatLevel: String, Sendable, CaseIterable {
  case low, medium, high, critical
}

/// What somebody could do with a weakness.
package enum ThreatType: String, Sendable, CaseIterable {
  /// Have commands executed, or decisions made, in the engine's name.
  case injection
  /// Change what the engine knows.
  case tampering
  /// Something is not whose or what it should be.
  case suspiciousAccess = "suspicious_access"
  /// Read what agents print.
  case dataExposure = "data_exposure"
}

/// One weakness that was found.
package struct Threat: Sendable, Equatable {
  package var level: ThreatLevel
  package var type: ThreatType
  /// The path.
  package var file: String
  /// What is wrong, as a phrase.
  package var reason: String
  /// What mends it, where possible a command line.
  package var fix: String
}
