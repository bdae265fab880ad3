import ArgumentParser
import ClusterSim
import ClusterSimViews
import Coordination
import DSLBase

/// `dsl sim export`: pictures of recorded episodes.
struct SimExportCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Draw a recorded episode: its curves as SVG, a step as PNG, all of it as GIF.",
    discussion: """
      What is drawn follows the ending of the name. In pictures of the grid critical cells are framed, the agent is a ring,
      and cells that have just run out of memory are crossed out; the bar below them says how far the episode is.

      Examples:
        dsl sim export crash.blackbox.json --to curves.svg
        dsl sim export crash.blackbox.json --to end.png --cell 32
        dsl sim export crash.blackbox.json --to crash.gif --every 4 --fps 12
      """)
  static let reportName = "sim-export"

  /// Frames of an animation at most.
  private static let frameLimit = 5000

  @Argument(help: "A black box.", completion: .file(extensions: ["json"]))
  var file: String

  @Option(
    help: ArgumentHelp(
      "The file to write, .svg, .png or .gif; replaced where it is there.", valueName: "file"))
  var to: String

  @Option(help: ArgumentHelp("The step that is drawn as PNG; the last one without it.", valueName: "step"))
  var step: Int?

  @Option(help: ArgumentHelp("Steps from one frame of a GIF to the next.", valueName: "steps"))
  var every = 2

  @Option(help: ArgumentHelp("Frames a second, 1 to 50.", valueName: "count"))
  var fps = 20

  @Option(help: "memory, cpu or priority.")
  var channel = "memory"

  @Option(help: ArgumentHelp("Pixels of a cell's side, 4 to 64.", valueName: "pixels"))
  var cell = 24

  @OptionGroup var global: GlobalOptions

  private enum Format: String { case svg, png, gif }

  private struct Drawn {
    var bytes: [UInt8]
    var width: Int?
    var height: Int?
    var frames: Int?
    var step: Int?
  }

  func validate() throws {
    guard every >= 1 else { throw ValidationError("--every \(every): expected 1 or more") }
    guard (1...50).contains(fps) else { throw ValidationError("--fps \(fps): expected 1 to 50") }
    guard HeatMap.sides.contains(cell) else { throw ValidationError("--cell \(cell): expected 4 to 64") }
    guard HeatMap.Channel(rawValue: channel) != nil else {
      throw ValidationError("--channel \(channel): expected memory, cpu or priority")
    }
    guard format != nil else { throw ValidationError("--to \(to): expected a name with .svg, .png or .gif") }
  }

  private var format: Format? {
    to.split(separator: ".").last.flatMap { Format(rawValue: $0.lowercased()) }
  }

  func report(_ context: Context) async throws -> Report? {
    let box = try BlackBoxFiles.read(file, context)
    let tape = try EpisodeTape(box)
    let drawn: Drawn =
      switch format {
      case .png: try png(tape)
      case .gif: try gif(tape, context)
      default: svg(tape)
      }
    try AtomicFile.commit(context.files, to, drawn.bytes)
    let data = box.configuration.stamped([
      "file": .string(file), "to": .string(to), "format": .string(format?.rawValue ?? ""),
      "bytes": .int(drawn.bytes.count), "width": .optional(drawn.width), "height": .optional(drawn.height),
      "frames": .optional(drawn.frames), "step": .optional(drawn.step), "steps": .int(tape.count),
    ])
    return Report(Self.reportName, data) { _ in "\(to)\n" }
  }

  private func svg(_ tape: EpisodeTape) -> Drawn {
    let plot = EpisodePlot(
      title:
        "\(tape.policyName), key \(BlackBox.text(tape.key)): \(tape.cause.name) after \(tape.count) steps",
      origin: tape.configuration.stamp,
      points: tape.points, incidents: tape.incidents, budget: tape.configuration.budget,
      collapse: tape.configuration.collapseLoad)
    return Drawn(bytes: Array(plot.svg.utf8))
  }

  private func map(_ tape: EpisodeTape) -> HeatMap {
    HeatMap(HeatMap.Channel(rawValue: channel) ?? .memory, side: cell, steps: tape.count)
  }

  /// What a picture is of, for whoever finds it alone.
  private func comment(_ tape: EpisodeTape) -> String {
    "dynamics_version \(ClusterConfiguration.dynamicsVersion), configuration_sha256 \(tape.configuration.digest), "
      + "key \(BlackBox.text(tape.key))"
  }

  private func png(_ tape: EpisodeTape) throws -> Drawn {
    let step = step ?? tape.count
    guard (0...tape.count).contains(step) else {
      throw DSLError(.invalidInput, "--step \(step)", fix: "give 0 to \(tape.count)")
    }
    tape.seek(to: step)
    let raster = map(tape).raster(tape.frame)
    return Drawn(
      bytes: try PNG.bytes(raster, comment: comment(tape) + ", step \(step)"), width: raster.width,
      height: raster.height, step: step)
  }

  private func gif(_ tape: EpisodeTape, _ context: Context) throws -> Drawn {
    var steps = Array(stride(from: 0, to: tape.count, by: every))
    steps.append(tape.count)
    guard steps.count <= Self.frameLimit else {
      throw DSLError(
        .invalidInput, "that makes \(steps.count) frames, more than \(Self.frameLimit)",
        fix: "give a larger --every")
    }
    let map = map(tape)
    let first = map.raster(tape.frame)
    var gif = GIF(width: first.width, height: first.height, comment: comment(tape))
    var progress = Progress("frames", total: steps.count, context)
    for (i, step) in steps.enumerated() {
      try Task.checkCancellation()
      tape.seek(to: step)
      // The end is shown for two seconds before it begins again.
      gif.add(map.raster(tape.frame), centiseconds: i + 1 == steps.count ? 200 : 100 / fps)
      progress.show(i + 1)
    }
    progress.end()
    return Drawn(bytes: gif.bytes, width: first.width, height: first.height, frames: steps.count)
  }
}
