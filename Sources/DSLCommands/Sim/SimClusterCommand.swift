import ArgumentParser
import ClusterSim
import DSLBase

/// `dsl sim cluster`: failures by kind.
struct SimClusterCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract:
      "Sort recorded failures by kind: the cause, whether the node was seen, when, and with what budget.",
    discussion: """
      Files that cannot be read are named; exit status 1 then.

      Example:
        dsl sim run --policy random --episodes 200 --black-boxes crashes; dsl sim cluster crashes
      """)
  static let reportName = "sim-cluster"

  @Argument(
    help: "Files, or directories of them; those that dsl sim run and evaluate kept without any.",
    completion: .file(extensions: ["json"]))
  var paths: [String] = []

  @OptionGroup var global: GlobalOptions

  /// Files of a kind that are listed.
  private static let listed = 10

  func report(_ context: Context) async throws -> Report? {
    var kinds: [CrashSignature: [String]] = [:]
    var configurations: Set<String> = []
    var problems: [String] = []
    let files = try BlackBoxFiles.named(paths, context)
    var progress = Progress("files", total: files.count, context)
    for (i, file) in files.enumerated() {
      do {
        let box = try BlackBoxFiles.read(file, context)
        kinds[try CrashSignature(box), default: []].append(file)
        configurations.insert(box.configuration.digest)
      } catch let error as DSLError {
        problems.append(error.message)
      }
      progress.show(i + 1)
    }
    progress.end()
    let sorted = kinds.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
    let read = files.count - problems.count
    let data: JSONValue = [
      "files": .int(read), "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
      "configurations": .strings(configurations.sorted()),
      "kinds": .array(
        sorted.map { signature, files in
          [
            "signature": .string(signature.name), "cause": .string(signature.cause),
            "sight": .string(signature.sight), "quarter": .int(signature.quarter),
            "broke": .bool(signature.isBroke), "count": .int(files.count),
            "files": .strings(Array(files.prefix(Self.listed))),
          ]
        }),
    ]
    var report = Report(Self.reportName, data) { paint in
      var table = TextTable(header: ["kind", "count", "share", "such as"])
      table.rightAligned = [1, 2]
      for (signature, files) in sorted {
        table.rows.append([
          signature.name, "\(files.count)", Shown.percent(Double(files.count) / Double(read)), files[0],
        ])
      }
      return table.text(paint)
    }
    report.errors = problems
    if !problems.isEmpty { report.status = .gateFailed }
    return report
  }
}
