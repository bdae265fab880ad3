/// How two GPUs of a node reach each other, in the words of `nvidia-smi topo -m`, nearest first.
package enum GPULink: Sendable, Hashable {
  /// NVLink, bonded of so many links.
  case nvlink(Int)
  /// At most one PCIe bridge.
  case pix
  /// Several PCIe bridges, no host bridge.
  case pxb
  /// A PCIe host bridge: typically the CPU.
  case phb
  /// Between host bridges of one NUMA node.
  case node
  /// Between NUMA nodes.
  case sys

  /// Reads a cell of the matrix.
  package init?(_ text: some StringProtocol) {
    switch text {
    case "PIX": self = .pix
    case "PXB": self = .pxb
    case "PHB": self = .phb
    case "NODE", "SOC": self = .node
    case "SYS", "QPI": self = .sys
    default:
      guard text.hasPrefix("NV"), let links = Int(text.dropFirst(2)), (1...64).contains(links) else {
        return nil
      }
      self = .nvlink(links)
    }
  }

  /// As the matrix writes it.
  package var text: String {
    switch self {
    case .nvlink(let links): "NV\(links)"
    case .pix: "PIX"
    case .pxb: "PXB"
    case .phb: "PHB"
    case .node: "NODE"
    case .sys: "SYS"
    }
  }

  package var isNVLink: Bool { if case .nvlink = self { true } else { false } }

  /// How far: the levels of NVML (`nvmlGpuTopologyLevel_t`), and 0 for NVLink.
  package var distance: Int {
    switch self {
    case .nvlink: 0
    case .pix: 10
    case .pxb: 20
    case .phb: 30
    case .node: 40
    case .sys: 50
    }
  }

  /// Nominal GB/s, both directions: 50 for each NVLink (NV12 is 600 of an A100, NV18 900 of an H100), PCIe as generations 4
  /// and 5 are sold. For choosing, not for promising.
  package var gigabytesPerSecond: Double {
    switch self {
    case .nvlink(let links): 50 * Double(links)
    case .pix, .pxb: 64
    case .phb, .node: 48
    case .sys: 32
    }
  }
}
