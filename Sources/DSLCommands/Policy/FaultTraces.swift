import Coordination
import DSLBase
import DecisionEngine

/// The documents of what a check found, a file each.
struct FaultTraces {
  /// Where they go; `nil` where nobody wants them.
  var folder: String?
  var files: any FileSystem

  /// Writes the document of each finding that has one.
  ///
  /// - Returns: their paths, in the order of the findings.
  /// - Throws: `io`, and what making a document throws.
  func write<Finding>(
    _ findings: [Finding], named name: (Finding) -> String, _ document: (Finding) throws -> JSONValue?
  ) throws -> [String] {
    guard let folder else { return [] }
    do throws(FileError) { try files.makeDirectory(folder) } catch { throw error.asDSLError }
    var paths: [String] = []
    for finding in findings {
      guard let document = try document(finding) else { continue }
      let path = "\(folder)/\(name(finding)).json"
      try AtomicFile.commit(files, path, Array((document.text(.pretty) + "\n").utf8))
      paths.append(path)
    }
    return paths
  }
}

extension [PolicyReport.Share] {
  /// A line for each state of health: how many states were looked at, and in how many nothing was decided.
  func table(_ paint: Paint) -> String {
    var table = TextTable(header: ["health", "states", "no decision", "no reason either"])
    table.rightAligned = [1, 2, 3]
    for share in self {
      table.rows.append([
        paint(share.health), String(share.states), String(share.undecided), String(share.silent),
      ])
    }
    return table.text(paint)
  }
}
