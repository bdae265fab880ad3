import ClusterSim
import ClusterSimViews
import Coordination
import DSLBase

/// The event file of one training, a directory for each run as TensorBoard wants it. It is appended to while training goes on; training that
/// is resumed writes another file beside it, which TensorBoard reads after it.
struct TensorBoardRun {
  let file: String
  private let files: any FileSystem

  /// - Parameters:
  ///   - folder: what `tensorboard --logdir` is given.
  ///   - run: the file that is trained, whose name becomes that of the run.
  ///   - trainer: what is trained; its cluster and settings are among the run's texts.
  /// - Throws: `io`, `conflict` where a file of this second is there.
  init(_ folder: String, run: String, _ trainer: Trainer, _ context: Context) throws {
    let now = context.time.now
    let name = run.split(separator: "/").last.map(String.init) ?? run
    file = "\(folder)/\(name)/events.out.tfevents.\(now.nanoseconds / 1_000_000_000).dsl"
    files = context.files
    do throws(FileError) {
      try files.makeDirectories("\(folder)/\(name)")
      let head = EventFile.head(at: Self.seconds(now))
      try files.write(
        file, head + EventFile.event(at: Self.seconds(now), Self.texts(trainer)), exclusive: true)
    } catch {
      throw error.asDSLError
    }
  }

  /// Adds a point.
  func append(_ point: TrainingRun.Point?, at time: Timestamp) throws {
    guard let point else { return }
    let event = EventFile.event(
      step: point.episodes, at: Self.seconds(time), EventFile.scalars(point))
    do throws(FileError) { try files.append(file, event) } catch { throw error.asDSLError }
  }

  private static func texts(_ trainer: Trainer) -> [(tag: String, text: String)] {
    func code(_ value: JSONValue) -> String { "`\(String(decoding: value.serialized(), as: UTF8.self))`" }
    return [
      ("dynamics_version", "\(ClusterConfiguration.dynamicsVersion)"),
      ("configuration_sha256", trainer.configuration.digest),
      ("configuration", code(trainer.configuration.json)), ("settings", code(trainer.settings.json)),
    ]
  }

  private static func seconds(_ time: Timestamp) -> Double { Double(time.nanoseconds) / 1e9 }
}
