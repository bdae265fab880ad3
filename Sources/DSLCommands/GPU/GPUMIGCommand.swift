import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu mig`: GPUs cut into instances.
struct GPUMIGCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mig",
    abstract: "GPUs cut into MIG instances: what fits, how to get there, which policy packs best.",
    subcommands: [GPUMIGLayoutsCommand.self, GPUMIGPlanCommand.self, GPUMIGSweepCommand.self])
}

/// Which GPU's geometry a command works with.
struct MIGModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A100-40GB, A100-80GB, H100-80GB or H200-141GB; the GB may be left out.", valueName: "name"))
  var model = "A100-80GB"

  /// The geometry of the name.
  func geometry() throws(DSLError) -> MIGGeometry {
    let wanted = model.uppercased()
    guard let found = MIGGeometry.known.first(where: { $0.model == wanted || $0.model == wanted + "GB" })
    else {
      throw DSLError(
        .invalidInput, "--model \(model): no MIG geometry is known for it",
        fix: "use one of \(MIGGeometry.known.map(\.model).joined(separator: ", "))")
    }
    return found
  }

  /// A profile that somebody wrote.
  static func profile(_ name: String, _ geometry: MIGGeometry, flag: String) throws(DSLError) -> Int {
    guard let profile = geometry.profile(named: name) else {
      throw DSLError(
        .invalidInput, "\(flag) \(name): \(geometry.model) has no such profile",
        fix: "use \(geometry.profiles.map(\.name).joined(separator: ", "))")
    }
    return profile
  }

  /// The items of a list with commas; none of an empty text.
  static func items(_ text: String) -> [String] {
    text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}
