import ArgumentParser

/// The forms of output.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case table, json, jsonl, yaml

  /// Written out: describing the cases costs every start one part in 25 of its instructions.
  static let allValueStrings = ["table", "json", "jsonl", "yaml"]
}

/// Options that every command takes, before or behind its name.
struct GlobalOptions: ParsableArguments {
  @Flag(
    name: .long,
    help: "Print the JSON envelope: timestamp, command, success, data, errors, warnings, metadata.")
  var json = false

  @Option(
    name: [.customShort("c"), .customLong("coord-dir")],
    help: ArgumentHelp(
      "The coordination directory.", discussion: "Default: $COORDINATION_DIR, else coordination.",
      valueName: "dir"),
    completion: .directory)
  var coordinationDirectory: String?

  @Option(
    name: .shortAndLong,
    help: "How to print: table, json (the data alone), jsonl (the same on one line) or yaml.")
  var format: OutputFormat?

  @Flag(name: .long, help: "Say more: evidence, problems, considered rules, log messages.")
  var verbose = false

  @Flag(name: .customLong("no-color"), help: "No colours, as with NO_COLOR.")
  var noColor = false

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Set a value of the configuration for this call, such as limits.max_agents=5. May be repeated.",
      valueName: "key=value"))
  var settings: [String] = []
}

/// Moves global options that stand before the subcommand behind it, where ArgumentParser reads them.
///
/// `dsl --json auto status` is how the document writes it; `dsl auto status --json` means the same.
enum GlobalArguments {
  private static let flags: Set<String> = ["--json", "--verbose", "--no-color"]
  private static let options: Set<String> = ["-c", "--coord-dir", "-f", "--format", "--set"]

  /// The arguments in the order in which they are parsed.
  static func hoisted(_ arguments: [String]) -> [String] {
    var moved: [String] = []
    var position = 0
    while position < arguments.count {
      let argument = arguments[position]
      let name = String(argument.prefix { $0 != "=" })
      if flags.contains(argument) || (options.contains(name) && name != argument) {
        moved.append(argument)
        position += 1
      } else if options.contains(argument), position + 1 < arguments.count {
        moved += arguments[position...position + 1]
        position += 2
      } else {
        break
      }
    }
    let rest = Array(arguments[position...])
    let end = rest.firstIndex(of: "--") ?? rest.count
    return rest[..<end] + moved + rest[end...]
  }

  /// What `-f FILE` means where manifests are read, as kubectl has it: a file, unless it is a form of output.
  static func withManifests(_ arguments: [String]) -> [String] {
    guard arguments.starts(with: ["gpu", "schedule"]) || arguments.starts(with: ["gpu", "explain"]) else {
      return arguments
    }
    var arguments = arguments
    let end = arguments.firstIndex(of: "--") ?? arguments.count
    for place in arguments[..<end].indices.dropLast() where arguments[place] == "-f" {
      if OutputFormat(rawValue: arguments[place + 1]) == nil { arguments[place] = "--manifests" }
    }
    return arguments
  }

  /// Whether the envelope was asked for, found out even when the arguments cannot be parsed.
  static func wantsEnvelope(_ arguments: [String]) -> Bool {
    arguments.prefix { $0 != "--" }.contains("--json")
  }
}
