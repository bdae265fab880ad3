import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu mig layouts`: what a GPU can hold.
struct GPUMIGLayoutsCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "layouts",
    abstract: "What a GPU can hold: profiles, legal layouts, and those to which nothing can be added.",
    discussion: """
      An instance takes memory slots side by side out of 8, from a legal start, and compute slices out of 7.

      Examples:
        dsl gpu mig layouts --model H100-80GB
        dsl gpu mig layouts --profiles 1g.10gb,2g.20gb,3g.40gb,4g.40gb,7g.80gb
      """)
  static let reportName = "gpu-mig-layouts"

  @OptionGroup var model: MIGModelOptions

  @Option(
    help: ArgumentHelp(
      "Count with these profiles only; without it all but those with media engines.", valueName: "names"))
  var profiles: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let full = try model.geometry()
    var geometry = MIGSweep.geometry(full)
    if let profiles {
      let names = MIGModelOptions.items(profiles)
      for name in names { _ = try MIGModelOptions.profile(name, full, flag: "--profiles") }
      geometry = full.limited(to: names)
    }
    let layouts = geometry.everyLayout()
    let maximal = layouts.filter(\.isMaximal)
    let kinds = Set(maximal.map { $0.instances.map(\.profile).sorted() }).count
    let lines = maximal.map { $0.instances.map { geometry.text($0) } }
    let data: JSONValue = [
      "model": .string(geometry.model), "profiles": .array(geometry.profiles.map(Self.json)),
      "legal": .int(layouts.count), "maximal": .int(maximal.count), "maximal_kinds": .int(kinds),
      "maximal_layouts": .array(lines.map { .strings($0) }),
    ]
    return Report(Self.reportName, data) { paint in
      var table = TextTable(header: ["profile", "slices", "slots", "memory MiB", "starts", "most"])
      table.rightAligned = [1, 2, 3, 5]
      for profile in geometry.profiles {
        table.rows.append([
          profile.name, "\(profile.computeSlices)", "\(profile.memorySlots)", "\(profile.memoryMiB)",
          profile.starts.map(String.init).joined(separator: " "), "\(profile.most)",
        ])
      }
      return table.text(paint)
        + "\n\(geometry.model): \(layouts.count) legal layouts, \(maximal.count) maximal, \(kinds) kinds of them\n"
        + lines.map { "  " + $0.joined(separator: " ") }.joined(separator: "\n") + "\n"
    }
  }

  private static func json(_ profile: MIGProfile) -> JSONValue {
    [
      "name": .string(profile.name), "compute_slices": .int(profile.computeSlices),
      "memory_slots": .int(profile.memorySlots), "memory_mib": .int(profile.memoryMiB),
      "starts": .array(profile.starts.map { .int($0) }), "most": .int(profile.most),
    ]
  }
}
