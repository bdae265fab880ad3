/// A GPU model: what one costs to have, and what it can hold.
package struct GPUModel: Sendable, Hashable {
  /// As the node reports it, without the maker: "A100-SXM4-40GB".
  package var name: String
  package var memoryMiB: Int
  /// Watts of one that nothing runs on.
  package var idleWatts: Double
  /// Watts of one at work.
  package var fullWatts: Double
  /// Per hour, in the fleet's currency; `nil` when not known.
  package var costPerHour: Double?

  package init(
    name: String, memoryMiB: Int, idleWatts: Double, fullWatts: Double, costPerHour: Double? = nil
  ) {
    self.name = name
    self.memoryMiB = memoryMiB
    self.idleWatts = idleWatts
    self.fullWatts = fullWatts
    self.costPerHour = costPerHour
  }

  /// The geometry of its MIG instances, when it has one.
  package var geometry: MIGGeometry? {
    let words = Self.words(name)
    for family in ["A100", "H100", "H200"] where words.contains(family) {
      let candidates = MIGGeometry.known.filter { $0.model.hasPrefix(family) }
      // Memory is printed a little below or above the nominal size.
      return candidates.min { Self.gap($0, memoryMiB) < Self.gap($1, memoryMiB) }
    }
    return nil
  }

  private static func gap(_ geometry: MIGGeometry, _ memoryMiB: Int) -> Int {
    abs((geometry.profiles.map(\.memoryMiB).max() ?? 0) - memoryMiB)
  }

  /// Whether it is what somebody asks for: every word of the wish is one of the name. "a100" and "nvidia-a100-40gb" both
  /// mean "A100-SXM4-40GB".
  package func isMeant(by wish: String) -> Bool {
    let have = Self.words(name)
    let asked = Self.words(wish)
    return !asked.isEmpty && asked.allSatisfy { have.contains($0) }
  }

  /// The name without what all have in common.
  package static func shortName(_ product: String) -> String {
    let parts = product.split { $0 == " " || $0 == "-" || $0 == "_" }
    let kept = parts.filter { !makers.contains($0.uppercased()) }
    return kept.isEmpty ? product : kept.joined(separator: "-")
  }

  private static let makers = ["NVIDIA", "TESLA"]

  private static func words(_ name: String) -> [String] {
    name.uppercased().split { $0 == " " || $0 == "-" || $0 == "_" }.map(String.init).filter {
      !makers.contains($0)
    }
  }

  /// A model of a name, with the figures that are known of its family.
  ///
  /// Idle and full watts of A100 (PCIe), A10, T4, V100 and P100 are those of PWR (Fr4nz83/PWR-plugin-kubernetes,
  /// `utils/const.go`; CCGrid 2025); of the others full is the maker's board power and idle a tenth of it.
  package static func known(_ product: String, memoryMiB: Int? = nil) -> GPUModel {
    let name = shortName(product)
    let words = words(name)
    func sized(_ gib: Int) -> Bool { words.contains("\(gib)GB") || words.contains("\(gib)G") }
    let row = table.first { row in
      words.contains { $0 == row.family } && (row.gib == nil || sized(row.gib ?? 0))
    }
    return GPUModel(
      name: name, memoryMiB: memoryMiB ?? row?.memoryMiB ?? 0, idleWatts: row?.idle ?? 0,
      fullWatts: row?.full ?? 0)
  }

  /// Family, size that its name must carry, memory, watts; the first that fits counts.
  private static let table: [(family: String, gib: Int?, memoryMiB: Int, idle: Double, full: Double)] = [
    ("A100", 80, 81_251, 35, 250), ("A100", nil, 40_960, 35, 250), ("A10", nil, 22_731, 25, 150),
    ("T4", nil, 15_109, 35, 70), ("V100M32", nil, 32_510, 30, 200), ("V100", 32, 32_510, 30, 200),
    ("V100M16", nil, 16_160, 30, 200), ("V100", nil, 16_160, 30, 200), ("P100", nil, 16_280, 25, 150),
    // Code names of the trace "openb": memory as its simulator has it, watts as of A10 and A100, which is a guess.
    ("G2", nil, 20_000, 25, 150), ("G3", nil, 30_000, 35, 250),
    ("H100", nil, 81_559, 70, 700), ("H200", nil, 144_384, 70, 700), ("L40S", nil, 46_068, 35, 350),
    ("L4", nil, 23_034, 7, 72), ("A40", nil, 46_068, 30, 300), ("GB200", nil, 189_471, 120, 1200),
    ("B200", nil, 183_359, 100, 1000),
  ]
}
