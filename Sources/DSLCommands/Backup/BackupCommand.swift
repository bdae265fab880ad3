import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl backup`: copies of the directory that can be relied on.
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Take, list, verify and prune backups of the directory.",
    discussion: """
      A backup is a gzipped tar of the directory as it was at one instant, taken while work goes on.
        dsl backup create
        dsl backup create --to - | ssh store 'cat > coordination.tar.gz'
        dsl backup verify
        dsl backup prune --keep-hourly 24 --keep-daily 7 --keep-weekly 4
      """,
    subcommands: [
      BackupCreateCommand.self, BackupListCommand.self, BackupVerifyCommand.self, BackupPruneCommand.self,
    ])
}

extension Context {
  /// Where backups of the directory are: `backup.directory`, relative to the coordination directory, else
  /// `.dsl/backups` in it.
  func backupFolder(_ settings: Settings) -> String {
    guard let named = settings.backup.directory, !named.isEmpty else { return directory.state + "/backups" }
    return named.hasPrefix("/") ? named : "\(directory.path)/\(named)"
  }

  /// A directory for what is unpacked to be looked at.
  var scratchFolder: String {
    environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
  }
}

extension BackupSummary {
  /// The members that every command gives of it.
  static func json(_ summary: BackupSummary?) -> JSONObject {
    [
      "taken_at": summary.map { $0.takenAt.json } ?? .null, "version": .optional(summary?.version),
      "directory": .optional(summary?.name), "identity": .optional(summary?.identity),
      "last_decision": summary?.decision.map { ["id": .string($0.id), "at": $0.at.json] } ?? .null,
    ]
  }
}

extension Shown {
  /// A number of bytes in the largest unit that keeps a digit before the point.
  static func bytes(_ count: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : number(value, decimals: 1) + " " + units[unit]
  }
}
