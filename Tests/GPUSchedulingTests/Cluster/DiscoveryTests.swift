import DSLBase
import GPUScheduling
import Testing

/// Nodes read from what `nvidia-smi` prints.
@Suite struct DiscoveryTests {
  private func topology(_ name: String) throws -> SMITopology {
    try SMITopology(try TraceFiles.data("topo-\(name).txt"), file: "\(name).txt")
  }

  @Test func theMatrixOfADGXA100() throws {
    let read = try topology("dgx-a100")
    let topology = read.topology
    #expect(topology.count == 8 && topology.nvlinkGroups == [0xFF])
    #expect(topology.numaGroups == [0b11, 0b1100, 0b11_0000, 0b1100_0000])
    #expect(topology.link(0, 7) == .nvlink(12) && topology.link(3, 3) == nil)
    #expect(read.cpus[0] == "48-63,176-191" && read.cpus[7] == "80-95,208-223")
    #expect(topology.spread(of: 0b11).slowest == 600)
  }

  @Test func theMatrixOfADGXH100WithTabsAndColours() throws {
    let topology = try topology("dgx-h100").topology
    #expect(topology.numaGroups == [0x0F, 0xF0] && topology.nvlinkGroups == [0xFF])
    #expect(topology.spread(of: 0xFF).slowest == 900)
  }

  @Test func thePCIeMatrices() throws {
    let mixed = try topology("pcie-4090").topology
    #expect(mixed.count == 5 && mixed.numa == [0, 1, 1, 1, 1])
    #expect(mixed.nvlinkGroups == [1, 2, 4, 8, 16])
    #expect(mixed.spread(of: 0b00110).distance == GPULink.phb.distance)
    // No NUMA column then: groups come from the CPUs.
    let old = try topology("pcie-2017").topology
    #expect(old.numaGroups == [0x0F, 0xF0] && old.link(0, 1) == .pix && old.link(0, 2) == .phb)
  }

  @Test(arguments: [
    ("no matrix", "there is no header line"),
    ("     GPU0 GPU1\nGPU0  X  FOO\n", "file:2: not a row of nvidia-smi topo -m: unknown link FOO"),
    ("     GPU0 GPU1\nGPU0  X  SYS\n", "rows of 1 GPUs, the header has 2"),
    ("     GPU0 GPU1\nGPU1  X  SYS\n", "file:2: not a row of nvidia-smi topo -m: expected GPU0"),
    ("     GPU0 GPU1\nGPU0  SYS  X\n", "expected X, found SYS"),
  ]) func aBadMatrixIsNamed(text: String, message: String) {
    let error = #expect(throws: DSLError.self) { try SMITopology(text, file: "file") }
    #expect(
      error?.code == .invalidInput && error?.message.contains(message) ?? false, "\(error?.message ?? "")")
  }

  @Test func aQueryAndAMatrixMakeANode() throws {
    let query = try SMIQuery(try TraceFiles.data("smi-dgx-h100.xml"), file: "q.xml")
    #expect(query.driver == "550.54.15" && query.devices.count == 8)
    var cluster = Cluster()
    let node = try query.node(
      named: "dgx", topology: try topology("dgx-h100"), cpuMilli: 224_000, memoryMiB: 2 << 20, into: &cluster)
    #expect(cluster.models.map(\.name) == ["H100-80GB-HBM3"] && node.model == 0 && node.migGPUs == 0)
    #expect(cluster.models[0].memoryMiB == 81_559 && cluster.models[0].fullWatts == 700)
    #expect(cluster.models[0].geometry?.model == "H100-80GB" && node.topology.numaGroups.count == 2)
    let mismatch = #expect(throws: DSLError.self) {
      try query.node(
        named: "dgx", topology: try topology("pcie-4090"), cpuMilli: 0, memoryMiB: 0, into: &cluster)
    }
    #expect(mismatch?.code == .conflict)
  }

  @Test func instancesAreKnownByTheirMemoryAndMultiprocessors() throws {
    let query = try SMIQuery(try TraceFiles.data("smi-a100-mig.xml"), file: "q.xml")
    let device = try #require(query.devices.first)
    #expect(device.isMIG && device.instances.map(\.gpuInstance) == [1, 2] && device.powerLimit == 400)
    #expect(SMIQuery.profiles(of: device) == ["3g.20gb", "3g.20gb"])
    var cluster = Cluster()
    let node = try query.node(named: "a", topology: nil, cpuMilli: 0, memoryMiB: 0, into: &cluster)
    #expect(node.migGPUs == 1 && cluster.model(of: node)?.geometry?.model == "A100-40GB")
  }

  @Test(arguments: [
    ("<a><b></a>", "q:1: not the XML of nvidia-smi -q -x: <b> ends with </a>"),
    ("<nvidia_smi_log>\n<gpu>", "q:2: not the XML of nvidia-smi -q -x: <gpu> does not end"),
    ("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "a document type with declarations is not read"),
    ("<other/>", "the root is <other>"),
    ("<nvidia_smi_log><gpu id=\"1\"></gpu></nvidia_smi_log>", "q: gpu 0: no readable <product_name>"),
    ("<a>&bomb;</a>", "unknown entity &bomb;"), ("", "expected an element"),
    (String(repeating: "<a>", count: 100), "nested deeper than 64"),
  ]) func aBadQueryIsNamed(text: String, message: String) {
    let error = #expect(throws: DSLError.self) { try SMIQuery(text, file: "q") }
    #expect(
      error?.code == .invalidInput && error?.message.contains(message) ?? false, "\(error?.message ?? "")")
  }
}
