import DSLBase

/// What `nvidia-smi topo -m` says of a node: links between its GPUs, and the NUMA group of each.
package struct SMITopology: Sendable, Equatable {
  package let topology: GPUTopology
  /// By GPU: the CPUs near it, as the matrix lists them; "" where it says nothing.
  package let cpus: [String]

  /// Reads the matrix. Columns of NICs are passed over; columns are found by the header's words, as the width of cells
  /// differs between versions, and colours are taken out.
  ///
  /// NUMA groups come from "NUMA Affinity", else from equal "CPU Affinity", else from the links: SYS means another group.
  ///
  /// - Throws: `invalidInput` naming line and cell.
  package init(_ text: String, file: String) throws {
    let lines = Self.plain(text).split(separator: "\n", omittingEmptySubsequences: false)
    guard
      let header = lines.firstIndex(where: { $0.split(separator: " ").first == "GPU0" && !$0.contains(" X ") }
      )
    else {
      throw DSLError(
        .invalidInput, "\(file): there is no header line that begins with GPU0",
        fix: "write it with: nvidia-smi topo -m > \(file)")
    }
    let titles = lines[header].split(separator: " ").map(String.init)
    let devices = titles.prefix { $0 != "CPU" && $0 != "NUMA" && $0 != "GPU" }
    let gpus = devices.prefix { $0.hasPrefix("GPU") }.count
    guard gpus <= IdleGPUs.limit else {
      throw DSLError(.unsupported, "\(file): \(gpus) GPUs, a node has at most \(IdleGPUs.limit)")
    }
    let hasCPU = titles.dropFirst(devices.count).first == "CPU"
    let hasNUMA = titles.contains("NUMA")
    var (rows, cpus, numa): ([[GPULink]], [String], [Int?]) = ([], [], [])
    for (offset, line) in lines.enumerated().dropFirst(header + 1) {
      let cells = line.split(separator: " ").map(String.init)
      guard cells.first == "GPU\(rows.count)" else {
        if cells.first?.hasPrefix("GPU") ?? false {
          throw Self.failure(file, offset, "expected GPU\(rows.count)")
        }
        continue
      }
      guard cells.count > devices.count else { throw Self.failure(file, offset, "\(cells.count - 1) cells") }
      rows.append(try Self.links(cells[1...gpus], row: rows.count, file, offset))
      var rest = cells.dropFirst(1 + devices.count)
      cpus.append(hasCPU ? rest.popFirst() ?? "" : "")
      numa.append(hasNUMA ? rest.first.flatMap { Int($0) } : nil)
      if rows.count == gpus { break }
    }
    guard rows.count == gpus else {
      throw DSLError(.invalidInput, "\(file): rows of \(rows.count) GPUs, the header has \(gpus)")
    }
    let groups = Self.groups(numa, cpus, rows)
    topology = GPUTopology(numa: groups) { rows[$0][$1] }
    self.cpus = cpus
  }

  private static func links(
    _ cells: ArraySlice<String>, row: Int, _ file: String, _ line: Int
  ) throws -> [GPULink] {
    try cells.enumerated().map { column, cell in
      if column == row {
        guard cell == "X" else { throw failure(file, line, "expected X, found \(cell)") }
        return .sys
      }
      guard let link = GPULink(cell) else { throw failure(file, line, "unknown link \(cell)") }
      return link
    }
  }

  private static func groups(_ numa: [Int?], _ cpus: [String], _ rows: [[GPULink]]) -> [Int] {
    if !numa.contains(nil) { return numa.compactMap { $0 } }
    if !cpus.contains("") { return cpus.map { cpu in cpus.firstIndex(of: cpu) ?? 0 } }
    return rows.indices.map { gpu in rows.indices.first { $0 == gpu || rows[gpu][$0] != .sys } ?? gpu }
  }

  /// Without colours; tabs as spaces.
  private static func plain(_ text: String) -> String {
    var (out, inEscape) = ("", false)
    for scalar in text.unicodeScalars where scalar != "\r" {
      if scalar == "\u{1B}" {
        inEscape = true
      } else if !inEscape {
        out.unicodeScalars.append(scalar == "\t" ? " " : scalar)
      }
      if inEscape, scalar.properties.isAlphabetic { inEscape = false }
    }
    return out
  }

  private static func failure(_ file: String, _ line: Int, _ reason: String) -> DSLError {
    DSLError(.invalidInput, "\(file):\(line + 1): not a row of nvidia-smi topo -m: \(reason)")
  }
}
