import DSLBase

/// Allocation curves that others published, in the form `workload,sc_policy,tune,seed,total_gpus,0,1,…,130`.
package struct PublishedCurves: Sendable {
  private let table: CSVTable

  package init(_ text: String, name: String) throws { table = try CSVTable(text, name: name) }

  /// Allocation by load, percent, of one run.
  ///
  /// - Parameters:
  ///   - workload: the name in the first column.
  ///   - policy: with or without the number before it, in any case: "fgd" finds "06-FGD".
  /// - Returns: `nil` when no such run was published.
  package func allocation(workload: String, policy: PolicyName, seed: Int) throws -> [Int: Double]? {
    for row in table.rows.indices {
      guard try table.text(row, "workload") == workload, try table.text(row, "seed") == "\(seed)",
        Self.names[policy].map(Set.init)?.contains(String(try table.text(row, "sc_policy"))) ?? false
      else { continue }
      var curve: [Int: Double] = [:]
      for load in 0...130 { curve[load] = table.optional(row, "\(load)").flatMap { Double($0) } }
      return curve
    }
    return nil
  }

  /// `default` is held against the best that was published.
  private static let names: [PolicyName: [String]] = [
    .random: ["01-Random"], .dotprod: ["02-DotProd"], .gpuClustering: ["03-GpuClustering"],
    .gpuPacking: ["04-GpuPacking"], .bestFit: ["05-BestFit"], .fgd: ["06-FGD"], .default: ["06-FGD"],
  ]
}
