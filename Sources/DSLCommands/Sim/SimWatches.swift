import Autonomy
import ClusterSim
import ClusterSimViews
import ControlPlane
import Coordination
import DSLBase

/// Files that the simulator's page shows while they are written: curves of trainings, and a study.
enum SimWatches {
  /// A curve's file at most, bytes.
  private static let curveLimit = 16 << 20
  /// A study's journal at most, bytes.
  private static let journalLimit = 256 << 20
  /// Files of one group at most.
  private static let fileLimit = 200

  /// What settings ask for.
  static func files(_ settings: Settings.Serve, _ files: any FileSystem) -> SimSources.Files {
    let groups = ServerOptions.list(settings.training, separator: ";")
    return SimSources.Files(
      training: groups.isEmpty ? nil : training(groups, files), study: settings.study.map { study($0, files) }
    )
  }

  /// Curves: each argument is a group of trainings of one learner, a directory of files or files separated by commas.
  private static func training(_ arguments: [String], _ files: any FileSystem) -> SimSources.Watched {
    SimSources.Watched(
      stamp: { arguments.flatMap { paths($0, files) }.map { stamp($0, files) }.joined(separator: "\n") },
      load: { ["groups": .array(arguments.map { group($0, files) })] })
  }

  /// The journal of studies of Optuna.
  private static func study(_ path: String, _ files: any FileSystem) -> SimSources.Watched {
    SimSources.Watched(
      stamp: { stamp(path, files) },
      load: {
        var journal = StudyJournal()
        var problems: [String] = []
        do throws(FileError) {
          journal.take(try files.read(path, limit: journalLimit))
        } catch {
          problems.append(error.description)
        }
        return [
          "file": .string(path), "studies": .array(journal.studies.map { StudyProgress($0).json }),
          "unreadable_lines": .int(journal.unreadable), "problems": .strings(problems),
        ]
      })
  }

  private static func group(_ argument: String, _ files: any FileSystem) -> JSONValue {
    var runs: [TrainingRun] = []
    var problems: [String] = []
    let paths = paths(argument, files)
    if paths.isEmpty { problems.append("\(argument) holds no curves: no files .csv or .json") }
    for path in paths {
      do {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try files.read(path, limit: curveLimit) } catch {
          throw error.asDSLError
        }
        let run = try TrainingRun(bytes, name: path)
        if let other = runs.first(where: { $0.origin != nil && run.origin != nil && $0.origin != run.origin })
        {
          throw DSLError(
            .conflict, "\(path) is of another cluster than \(other.name), and is left out of their mean")
        }
        runs.append(run)
      } catch {
        problems.append((error as? DSLError)?.message ?? "\(error)")
      }
    }
    var bands = JSONObject()
    for measure in CurveBand.Measure.allCases { bands[measure.rawValue] = CurveBand(runs, measure).json }
    return [
      "name": .string(argument), "trainings": .int(runs.count), "bands": .object(bands),
      "problems": .strings(problems),
    ]
  }

  private static func paths(_ argument: String, _ files: any FileSystem) -> [String] {
    if let status = try? files.status(argument + "/."), status.kind == .directory {
      var names: [String] = []
      try? files.walk(argument) { names.append(String(decoding: $0.name, as: UTF8.self)) }
      let curves = names.filter { $0.hasSuffix(".csv") || $0.hasSuffix(".json") }.sorted()
      return curves.prefix(fileLimit).map { argument + "/" + $0 }
    }
    return Array(ServerOptions.list(argument).prefix(fileLimit))
  }

  private static func stamp(_ path: String, _ files: any FileSystem) -> String {
    guard let status = try? files.status(path) else { return "\(path) -" }
    return "\(path) \(status.inode) \(status.size) \(status.modified)"
  }
}
