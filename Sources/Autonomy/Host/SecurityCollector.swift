package import Coordination
package import DSLBase
import Glibc

/// Gathers the facts that a security examination judges: modes and owners of what an engine reads, writes and runs.
///
/// Reads statuses and names, no content; writes nothing.
package struct SecurityCollector {
  private let directory: CoordinationDirectory
  private let loaded: LoadedSettings
  private let configurations: [String]
  private let searchPath: [String]
  private let user: UInt32
  private let resolve: (String) -> String?
  private var files: any FileSystem { directory.files }

  /// - Parameters:
  ///   - loaded: settings in force, with their sources.
  ///   - configurations: configuration files that may exist.
  ///   - searchPath: where programs without a slash in their name are looked for: `PATH`.
  ///   - user: the number of the user that the engine runs as.
  ///   - resolve: the absolute path without links that a path leads to, `nil` when it leads nowhere (`realpath`).
  package init(
    _ directory: CoordinationDirectory, _ loaded: LoadedSettings, configurations: [String],
    searchPath: String,
    user: UInt32, resolve: @escaping (String) -> String?
  ) {
    self.directory = directory
    self.loaded = loaded
    self.configurations = configurations
    self.searchPath = searchPath.split(separator: ":").map(String.init)
    self.user = user
    self.resolve = resolve
  }

  /// Examines everything.
  ///
  /// - Parameter listed: weaknesses that the report lists at most.
  /// - Throws: `notFound` when there is no such directory, `invalidInput` when it is something else, `io` when it cannot
  ///   be listed. What lies deeper and cannot be looked at is told in the report.
  /// - Complexity: one system call for each record, and a few for everything else.
  package func report(listed: Int = 100) throws(DSLError) -> SecurityReport {
    let root = try root()
    var examination = SecurityExamination(user: user, directoryOwner: root.owner, listed: listed)
    let outside = reach(to: resolve(directory.path) ?? directory.path)
    addDirectory(root, outside, &examination)
    let inside = outside.through(root)
    addConfiguration(&examination)
    addPrograms(&examination)
    do {
      try addRecords(directory.path, inside, &examination)
    } catch {
      throw (error as? FileError)?.asDSLError
        ?? DSLError(.io, "cannot list \(directory.path)", cause: "\(error)")
    }
    addState(inside, &examination)
    return examination.finish()
  }

  private func root() throws(DSLError) -> FileStatus {
    let isSomething: Bool
    do throws(FileError) {
      if let status = try files.status(directory.path + "/."), status.kind == .directory { return status }
      isSomething = try files.status(directory.path) != nil
    } catch {
      throw error.asDSLError
    }
    if isSomething { throw DSLError(.invalidInput, "\(directory.path) is not a directory") }
    throw DSLError(
      .notFound, "there is no directory \(directory.path)",
      fix: "name one with --coord-dir, or make it: dsl init")
  }

  private func addDirectory(_ root: FileStatus, _ reach: Reach, _ examination: inout SecurityExamination) {
    let facts = SecurityFact.DirectoryFacts(
      isConfigured: (try? files.status(directory.configuration)) != nil,
      namesCommand: namesCommand(directory.configuration))
    examination.add(SecurityFact(.directory(facts), directory.path, root, reach: reach))
  }

  private func addConfiguration(_ examination: inout SecurityExamination) {
    for path in configurations {
      add(.configuration(namesCommand: namesCommand(path)), path, &examination)
    }
    // What `PolicySource` takes for the path of a file.
    guard let file = PolicySource(loaded.settings.policy, directory).file else { return }
    add(.policy, file, &examination)
  }

  private func addPrograms(_ examination: inout SecurityExamination) {
    let commands = [loaded.settings.agents.command, loaded.settings.agents.healthCommand].compactMap { $0 }
    var seen: Set<String> = []
    for word in commands.flatMap(Self.words) + programWords {
      let places = word.contains("/") ? [word] : [word] + searchPath.map { "\($0)/\(word)" }
      for place in places {
        guard let path = resolve(place), let status = try? files.status(path), status.kind == .file else {
          continue
        }
        if seen.insert(path).inserted { add(.program, path, &examination) }
        let parent = Self.parent(of: path)
        if seen.insert(parent).inserted { add(.programDirectory, parent, &examination) }
      }
    }
  }

  /// The words of configured programs; those that are paths of their own are below the coordination directory.
  private var programWords: [String] {
    let programs = loaded.settings.programs
    var all =
      programs.strategies + programs.handlers.map(\.program) + [programs.score?.program].compactMap { $0 }
      + loaded.settings.remediation.commands.map(\.program)
    for receiver in loaded.settings.notify.receivers {
      if case .command(let program) = receiver.way { all.append(program) }
    }
    let undo = loaded.settings.remediation.commands.flatMap { $0.undo ?? [] }
    return (all.flatMap(\.command) + undo).map {
      $0.contains("/") && !$0.hasPrefix("/") ? "\(directory.path)/\($0)" : $0
    }
  }

  private func addRecords(_ path: String, _ reach: Reach, _ examination: inout SecurityExamination) throws {
    try files.walk(path) { entry in
      guard case .record = RecordName(entry.name) else { return }
      let name = "\(path)/\(FileName.shown(Array(entry.name)))"
      do throws(FileError) {
        examination.add(SecurityFact(.record, name, try entry.status(), reach: reach))
      } catch {
        // A record that was finished meanwhile is no longer there to be weak.
        if error.errno != ENOENT { examination.skip(error) }
      }
    }
  }

  private func addState(_ reach: Reach, _ examination: inout SecurityExamination) {
    guard let status = add(.state, directory.state, &examination), status.kind == .directory else { return }
    let inside = reach.through(status)
    addFolder(directory.state, .stateFile, inside, &examination)
    for (folder, role) in [
      ("telemetry", SecurityFact.Role.stateFile), ("logs", .log), ("quarantine", .record),
    ] {
      let path = "\(directory.state)/\(folder)"
      guard let status = try? files.status(path), status.kind == .directory else { continue }
      addFolder(path, role, inside.through(status), &examination)
    }
  }

  /// The entries of a folder: files and links in a role, directories as state.
  private func addFolder(
    _ path: String, _ role: SecurityFact.Role, _ reach: Reach, _ examination: inout SecurityExamination
  ) {
    do {
      try files.walk(path) { entry in
        let status = try entry.status()
        let name = "\(path)/\(FileName.shown(Array(entry.name)))"
        examination.add(
          SecurityFact(status.kind == .directory ? .state : role, name, status, reach: reach))
      }
    } catch {
      if let error = error as? FileError, error.errno != ENOENT { examination.skip(error) }
    }
  }

  @discardableResult
  private func add(
    _ role: SecurityFact.Role, _ path: String, _ examination: inout SecurityExamination
  ) -> FileStatus? {
    do throws(FileError) {
      guard let status = try files.status(path) else { return nil }
      examination.add(SecurityFact(role, path, status, reach: reach(to: path)))
      return status
    } catch {
      examination.skip(error)
      return nil
    }
  }

  /// Who gets as far as the directory that a path is in.
  private func reach(to path: String) -> Reach {
    guard let parent = resolve(Self.parent(of: path)) else { return .everybody }
    var reach = Reach.everybody
    var place = parent.hasPrefix("/") ? "" : "."
    for component in [""] + parent.split(separator: "/").map(String.init) {
      place += component.isEmpty ? "" : "/" + component
      // A directory that cannot be looked at stops us, which says nothing about others.
      if let status = try? files.status(place + "/.") { reach = reach.through(status) }
    }
    return reach
  }

  private func namesCommand(_ path: String) -> Bool {
    [
      "agents.command", "agents.health_command", "programs.strategies", "programs.score", "programs.handlers",
      "remediation.commands", "notify",
    ].contains { key in
      if case .file(path, line: _) = loaded.source(of: key) { true } else { false }
    }
  }

  /// The words of a shell command that may name files: without quotes, operators and what a shell would expand.
  static func words(_ command: String) -> [String] {
    command.split { " \t\n;&|()<>".contains($0) }.compactMap { raw in
      let word = raw.filter { $0 != "'" && $0 != "\"" }
      return word.isEmpty || word.hasPrefix("-") || word.contains { "$`*?=".contains($0) } ? nil : word
    }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
