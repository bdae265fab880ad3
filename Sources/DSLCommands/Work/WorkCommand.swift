import ArgumentParser
import Coordination
import DSLBase

/// `dsl work`: the queue, for people and for programs that are not ours.
struct WorkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "work", abstract: "Add, claim, finish and look at work items.",
    discussion: """
      A worker in shell:
        claim=$(dsl work claim --agent me)
        [ -n "$claim" ] && echo "$claim" | dsl work complete --claim - --result '{"ok":true}'
      """,
    subcommands: [
      WorkAddCommand.self, WorkClaimCommand.self, WorkRenewCommand.self, WorkProgressCommand.self,
      WorkCompleteCommand.self, WorkFailCommand.self, WorkReleaseCommand.self, WorkRequeueCommand.self,
      WorkListCommand.self, WorkShowCommand.self,
    ])
}

extension Context {
  /// The queue of the directory.
  func queue(_ access: StateAccess) throws -> WorkQueue {
    try WorkQueue(directory: directory, time: time, seed: randomSeed, access: access)
  }

  /// A seed that no other process has.
  var randomSeed: UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }
}

/// How a claim is named: by the JSON that `dsl work claim` printed, or by its parts.
struct ClaimArguments: ParsableArguments {
  @Argument(help: "The item's id.")
  var id: String?

  @Option(help: "The claim's epoch.")
  var epoch: Int64?

  @Option(help: "The claim's token.")
  var token: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A file, or - for stdin, with the JSON that `dsl work claim` printed.", valueName: "file"),
    completion: .file())
  var claim: String?

  mutating func validate() throws {
    let parts = [id != nil, epoch != nil, token != nil]
    guard claim == nil ? !parts.contains(false) : !parts.contains(true) else {
      throw ValidationError("Name the claim: ID --epoch N --token T, or --claim FILE.")
    }
  }

  /// The claims that were named; several when the file holds several.
  func references(_ context: Context) throws -> [(claim: ClaimReference, fields: JSONValue)] {
    if let id, let epoch, let token {
      return [(ClaimReference(id: id, epoch: epoch, token: token), .object([:]))]
    }
    let path = claim ?? "-"
    let bytes = try Input.bytes(path, context)
    var values: [(line: Int, value: JSONValue)]
    if let whole = try? JSONParser.parse(bytes) {
      let list = whole["data"]?["claims"]?.array ?? whole["claims"]?.array ?? whole.array ?? [whole]
      values = list.map { (1, $0) }
    } else {
      values = try Input.jsonLines(bytes, Input.name(path))
    }
    return try values.map { line, value in
      guard let id = value["id"]?.string, let epoch = value["epoch"]?.int, let token = value["token"]?.string
      else {
        throw DSLError(
          .invalidInput, "\(Input.name(path)):\(line): a claim needs id, epoch and token",
          fix: "pass on what `dsl work claim` printed")
      }
      return (ClaimReference(id: id, epoch: Int64(epoch), token: token), value)
    }
  }
}
