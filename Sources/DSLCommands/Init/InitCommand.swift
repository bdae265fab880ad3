import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl init`: makes a coordination directory, or adds what an existing one lacks.
struct InitCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a coordination directory with a commented dsl.yaml.",
    discussion: "What is already there is left as it is.")
  static let reportName = "init"

  @Argument(help: "The directory; the one that the other commands use unless given.", completion: .directory)
  var directory: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let path = directory ?? context.directory.path
    let made = try DirectoryInitializer(directory: CoordinationDirectory(path: path, files: context.files))
      .run()
    let data: JSONValue = [
      "coordination_dir": .string(path), "created": .strings(made.created), "kept": .strings(made.kept),
    ]
    return Report(Self.reportName, data) { paint in
      let lines =
        made.created.map { "created \($0)" } + made.kept.map { paint("kept    \($0)", .quiet) }
      let next = "next: dsl auto status" + (path == "coordination" ? "" : " -c \(path)")
      return (lines + [next]).map { $0 + "\n" }.joined()
    }
  }
}

/// Makes the files that a coordination directory begins with.
struct DirectoryInitializer {
  let directory: CoordinationDirectory

  /// What was made and what was there.
  struct Outcome {
    var created: [String] = []
    var kept: [String] = []
  }

  /// - Throws: `DSLError` when something cannot be written. Nothing that exists is ever replaced.
  func run() throws -> Outcome {
    var outcome = Outcome()
    do {
      try makeDirectories()
      try make(directory.configuration, ConfigurationTemplate.text, &outcome)
      try make(directory.path + "/.gitignore", "# The engine's own state.\n/.dsl/\n", &outcome)
    } catch let error as FileError {
      throw error.asDSLError
    }
    return outcome
  }

  private func makeDirectories() throws {
    let files = directory.files
    var path = directory.path.hasPrefix("/") ? "" : "."
    for part in directory.path.split(separator: "/") {
      path += "/" + part
      try AtomicFile.makeDirectory(files, path)
    }
  }

  private func make(_ path: String, _ text: String, _ outcome: inout Outcome) throws {
    guard try directory.files.status(path) == nil else {
      outcome.kept.append(path)
      return
    }
    try AtomicFile.commit(directory.files, path, Array(text.utf8), exclusive: true)
    outcome.created.append(path)
  }
}
