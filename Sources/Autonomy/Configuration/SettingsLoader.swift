package import DSLBase

/// Where a value came from.
package enum SettingSource: Sendable, Equatable, CustomStringConvertible {
  case builtIn
  case file(String, line: Int)
  case environment(String)
  case flag(String)

  /// `default`, `coordination/dsl.yaml:7`, `DSL_LOG`, `--interval`.
  package var description: String {
    switch self {
    case .builtIn: "default"
    case .file(let path, let line): "\(path):\(line)"
    case .environment(let name): "environment \(name)"
    case .flag(let name): name
    }
  }
}

/// A value given on the command line.
package struct SettingFlag: Sendable, Equatable {
  /// The setting's key.
  package let key: String
  /// The value as written.
  package let text: String
  /// The flag as the user knows it.
  package let flag: String

  package init(_ key: String, _ text: String, flag: String) {
    self.key = key
    self.text = text
    self.flag = flag
  }
}

/// Settings, and where each of them came from.
package struct LoadedSettings: Sendable {
  /// The values in effect.
  package var settings: Settings
  /// Key → source, for every key that is not at its default.
  package var sources: [String: SettingSource] = [:]
  /// What deserves attention and is no error.
  package var warnings: [String] = []
  /// Files that exist and may not be read, so that what they say is not in force.
  package var unreadable: [String] = []

  /// Refuses to act when a file could not be read: a limit in it would silently not hold.
  ///
  /// - Throws: `DSLError` `.io` naming the file.
  package func requireReadable() throws {
    guard let path = unreadable.first else { return }
    throw DSLError(
      .io, "cannot read the configuration \(path): permission denied",
      fix: "make it readable, or remove it; looking works without it")
  }

  /// Where a setting came from.
  package func source(of key: String) -> SettingSource { sources[key] ?? .builtIn }
}

/// Puts settings together: flags before environment before `dsl.yaml` before the user's file before defaults.
///
/// Everything that is wrong anywhere is reported at once. Nothing is read but the two files.
package struct SettingsLoader: Sendable {
  private let files: any FileSystem
  private let paths: [String]
  private let environment: [String: String]
  private let localOffset: Int

  /// A loader.
  ///
  /// - Parameters:
  ///   - paths: configuration files, the one that yields to the others first; those that do not exist are passed over.
  ///   - environment: variables; empty ones count as unset.
  ///   - localOffset: seconds east of UTC of the local zone.
  package init(files: any FileSystem, paths: [String], environment: [String: String], localOffset: Int) {
    self.files = files
    self.paths = paths
    self.environment = environment
    self.localOffset = localOffset
  }

  /// The user's own file: `$XDG_CONFIG_HOME/dsl/config.yaml`, else `~/.config/dsl/config.yaml`.
  ///
  /// XDG Base Directory Specification 0.8: a relative `XDG_CONFIG_HOME` is to be ignored.
  package static func userFile(_ environment: [String: String]) -> String? {
    if let base = environment["XDG_CONFIG_HOME"], base.hasPrefix("/") { return base + "/dsl/config.yaml" }
    return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.config/dsl/config.yaml" }
  }

  /// Reads everything.
  ///
  /// - Throws: `DSLError` `.invalidInput` with one line for each bad value, `.io` for a file that cannot be read.
  package func load(flags: [SettingFlag] = []) throws -> LoadedSettings {
    var draft = SettingsDraft(localOffset: localOffset)
    var unreadable: [String] = []
    for path in paths { try draft.apply(file: path, try text(of: path, &unreadable)) }
    draft.apply(environment: environment)
    draft.apply(flags: flags)
    draft.checkPairs()
    guard draft.problems.isEmpty else {
      throw DSLError(
        .invalidInput, draft.problems.joined(separator: "\n"), fix: "dsl config show lists what may be set")
    }
    var loaded = draft.loaded
    loaded.unreadable = unreadable
    loaded.warnings += unreadable.map { "\($0) may not be read, so what it says is not in force" }
    return loaded
  }

  private func text(of path: String, _ unreadable: inout [String]) throws -> String? {
    let bytes: [UInt8]
    do {
      bytes = try files.read(path, limit: 1 << 20)
    } catch {
      if error.errno == FileError.noSuchFile || error.errno == FileError.notADirectory { return nil }
      if error.errno == FileError.permissionDenied {
        unreadable.append(path)
        return nil
      }
      throw DSLError(.io, "cannot read the configuration \(path)", cause: error.reason)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DSLError(.invalidInput, "\(path) is not UTF-8 text")
    }
    return text
  }
}

extension FileError {
  /// `ENOENT`, `ENOTDIR` and `EACCES`, equal on every platform this builds for.
  fileprivate static let noSuchFile: Int32 = 2
  fileprivate static let notADirectory: Int32 = 20
  fileprivate static let permissionDenied: Int32 = 13
}
