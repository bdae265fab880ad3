import DSLBase
import FoundationEssentials
import GPUScheduling

/// Traces that tests run on: the cut that ships with them, and the whole published ones where they are at hand.
enum TraceFiles {
  /// A tenth of one trace.
  static func cut() throws -> OpenbTrace {
    try trace(nodes: folder + "/nodes.csv", pods: folder + "/pods.csv")
  }

  private static let folder = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Data"

  /// A file of the tests' data.
  static func data(_ name: String) throws -> String { try text(folder + "/" + name) }

  static func trace(nodes: String, pods: String) throws -> OpenbTrace {
    try OpenbTrace(
      nodes: try CSVTable(try text(nodes), name: nodes), pods: try CSVTable(try text(pods), name: pods))
  }

  static func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  /// The folder of the published traces beside the project, if there is one.
  static let published: String? = {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let folder = root + "/../shared/data/openb"
    return FileManager.default.fileExists(atPath: folder + "/published/allo.csv") ? folder : nil
  }()
}
