package import DSLBase

/// What a backup says of itself in front of its content, so that a list of backups need not unpack them.
package struct BackupSummary: Sendable, Equatable {
  /// The version of the archive's layout that this program writes and reads.
  package static let format = 1

  /// The version of the program that wrote it.
  package var version: String
  /// The instant whose state it holds.
  package var takenAt: Timestamp
  /// The directory's name.
  package var name: String
  /// The directory's identity: stays with it wherever it is moved or restored.
  package var identity: String
  /// The last decision in its journal, and when it was made.
  package var decision: LastDecision?

  /// A decision and when it was made.
  package struct LastDecision: Sendable, Equatable {
    package var id: String
    package var at: Timestamp

    package init(id: String, at: Timestamp) {
      self.id = id
      self.at = at
    }
  }

  package init(
    version: String, takenAt: Timestamp, name: String, identity: String, decision: LastDecision?
  ) {
    self.version = version
    self.takenAt = takenAt
    self.name = name
    self.identity = identity
    self.decision = decision
  }

  /// Its members, as they stand in the archive.
  var members: JSONObject {
    [
      "dsl_backup": .int(Self.format), "taken_at": takenAt.json, "version": .string(version),
      "directory": .string(name), "identity": .string(identity),
      "last_decision": decision.map { ["id": .string($0.id), "at": $0.at.json] } ?? .null,
    ]
  }

  /// Reads what `members` wrote.
  ///
  /// - Returns: `nil` for what is no summary.
  /// - Throws: `unsupported` for a later layout.
  init?(_ value: JSONValue, archive: String) throws(DSLError) {
    guard let format = value["dsl_backup"]?.int else { return nil }
    guard format <= Self.format else {
      throw DSLError(
        .unsupported,
        "\(archive) was written by a newer program (layout \(format), this one knows \(Self.format))",
        fix: "use the newer program, or unpack it with tar -xzf")
    }
    guard let taken = value["taken_at"]?.string.flatMap({ Timestamp.parse($0)?.time }),
      let version = value["version"]?.string, let name = value["directory"]?.string,
      let identity = value["identity"]?.string
    else { return nil }
    self.init(version: version, takenAt: taken, name: name, identity: identity, decision: nil)
    if let last = value["last_decision"], let id = last["id"]?.string,
      let at = last["at"]?.string.flatMap({ Timestamp.parse($0)?.time })
    {
      decision = LastDecision(id: id, at: at)
    }
  }
}

/// How many records of which kind a directory or an archive holds.
package struct RecordCounts: Sendable, Equatable {
  package var agents = 0
  package var work = 0
  package var completed = 0
  package var failed = 0
  package var quarantined = 0
  package var telemetry = 0
  /// Files that are no records.
  package var other = 0

  package init() {}

  /// Counts a file by its path in the directory.
  mutating func count(_ path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let isQuarantined = path.hasPrefix(".dsl/quarantine/")
    guard !path.contains("/") || isQuarantined, case .record(let kind) = RecordName(name) else {
      other += 1
      return
    }
    switch kind {
    case .agent: agents += 1
    case .work where isQuarantined: quarantined += 1
    case .work: work += 1
    case .completed: completed += 1
    case .failed: failed += 1
    case .telemetry: telemetry += 1
    }
  }

  /// As JSON.
  package var json: JSONValue {
    [
      "agents": .int(agents), "work": .int(work), "completed": .int(completed), "failed": .int(failed),
      "quarantined": .int(quarantined), "telemetry": .int(telemetry), "other": .int(other),
    ]
  }
}

extension RecordName {
  /// What a name promises.
  init(_ name: String) {
    var name = name
    self = name.withUTF8 { RecordName($0) }
  }
}

/// `.dsl/manifest.json` of a backup, its last entry: every file with what it must look like.
struct BackupManifest: Equatable {
  static let path = ".dsl/manifest.json"

  /// One file.
  struct File: Equatable {
    var path: String
    var size: Int64
    var sha256: String
    var permissions: UInt16
  }

  var summary: BackupSummary
  var counts = RecordCounts()
  /// Finished items that are in the queue's store and not in files yet.
  var unprojected = 0
  var warnings: [String] = []
  var files: [File] = []

  var bytes: Int64 { files.reduce(0) { $0 + $1.size } }

  /// The manifest as text: the members of the summary and the counts, then one file a line.
  func encoded() -> [UInt8] {
    var head = summary.members
    head["counts"] = counts.json
    head["unprojected"] = .int(unprojected)
    head["file_count"] = .int(files.count)
    head["byte_count"] = .int(bytes)
    head["warnings"] = .strings(warnings)
    var text = Array(JSONValue.object(head).serialized(.pretty).dropLast(2))
    text += Array(",\n  \"files\": [".utf8)
    for (index, file) in files.enumerated() {
      let value: JSONValue = [
        "path": .string(file.path), "size": .int(file.size), "sha256": .string(file.sha256),
        "mode": .string(Self.octal(file.permissions)),
      ]
      text += Array((index == 0 ? "\n    " : ",\n    ").utf8) + Array(value.text().utf8)
    }
    return text + Array((files.isEmpty ? "]\n}\n" : "\n  ]\n}\n").utf8)
  }

  init(summary: BackupSummary) { self.summary = summary }

  /// Reads a manifest.
  ///
  /// - Throws: `corrupt` when it is none; `unsupported` for a later layout.
  init(_ bytes: [UInt8], archive: String) throws(DSLError) {
    let damaged = DSLError(
      .corrupt, "\(archive) is damaged", cause: "its manifest cannot be read", fix: "use another backup")
    guard let value = try? JSONParser.parse(bytes), let listed = value["files"]?.array,
      let summary = try BackupSummary(value, archive: archive)
    else { throw damaged }
    self.init(summary: summary)
    unprojected = value["unprojected"]?.int ?? 0
    warnings = value["warnings"]?.array?.compactMap(\.string) ?? []
    for entry in listed {
      guard let path = entry["path"]?.string, let size = entry["size"]?.int,
        let hash = entry["sha256"]?.string,
        let mode = entry["mode"]?.string.flatMap({ UInt16($0, radix: 8) })
      else { throw damaged }
      files.append(File(path: path, size: Int64(size), sha256: hash, permissions: mode))
      counts.count(path)
    }
  }

  private static func octal(_ permissions: UInt16) -> String {
    let digits = String(permissions & 0o777, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
