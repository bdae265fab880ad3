import DSLBase
import GPUScheduling
import Testing

@Suite struct OpenbTraceTests {
  static let nodes = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\nn1,96000,262144,8,T4\n"
  static let header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"

  static func trace(_ pods: String, nodes: String = nodes) throws -> OpenbTrace {
    try OpenbTrace(nodes: try CSVTable(nodes, name: "nodes.csv"), pods: try CSVTable(pods, name: "pods.csv"))
  }

  @Test func readsNodesAndPods() throws {
    let trace = try Self.trace(
      Self.header + "a,1000,2048,1,460,\r\nb,2000,4096,8,1000,T4|A10\nc,500,1,0,0,\n")
    #expect(trace.models == ["P100", "T4"])
    #expect(
      trace.pods.map(\.shape) == [
        PodShape(cpuMilli: 1000, memoryMiB: 2048, gpuMilli: 460, gpuCount: 1),
        PodShape(
          cpuMilli: 2000, memoryMiB: 4096, gpuMilli: 1000, gpuCount: 8, models: GPUModelSet(bits: 0b10)),
        PodShape(cpuMilli: 500, memoryMiB: 1, gpuMilli: 0, gpuCount: 0),
      ])
  }

  @Test(arguments: [
    ("a,x,2048,1,460,\n", "pods.csv:2: cpu_milli is \"x\", expected a whole number from 0 to 1073741823"),
    ("a,1,2,1,460\n", "pods.csv:2: 5 cells, the header has 6"),
    ("a,1,2,1,1001,\n", "pods.csv:2: gpu_milli is \"1001\", expected a whole number from 0 to 1000"),
    ("a,1,2,2,500,\n", "pods.csv:2: num_gpu 2 with gpu_milli 500: parts are asked of one GPU only"),
    ("a,1,2,17,1000,\n", "pods.csv:2: num_gpu is \"17\", expected a whole number from 0 to 16"),
  ]) func saysWhatIsWrong(rows: String, message: String) throws {
    let error = #expect(throws: DSLError.self) { try Self.trace(Self.header + rows) }
    #expect(error?.message == message)
  }

  @Test func namesAMissingColumn() throws {
    let error = #expect(throws: DSLError.self) { try Self.trace("name,cpu_milli\na,1\n") }
    #expect(error?.message == "pods.csv: there is no column num_gpu")
  }

  /// Orders of our own ask for what they promise, whichever way the trace is off, and repeat from their seed.
  @Test(arguments: [0.3, 1.3]) func demandMeetsTheLoad(load: Double) throws {
    let trace = try TraceFiles.cut()
    let order = ArrivalOrder(of: trace, load: load, seed: 5)
    let demand = order.pods.reduce(0) { $0 + trace.pods[$1].shape.totalGPUMilli }
    let capacity = trace.nodes.reduce(0) { $0 + Int($1.gpuCount) * 1000 }
    #expect(Double(demand) <= load * Double(capacity))
    #expect(Double(demand) > load * Double(capacity) - 8001)
    #expect(Set(order.nodes) == Set(trace.nodes.indices))
    #expect(ArrivalOrder(of: trace, load: load, seed: 5) == order)
    #expect(ArrivalOrder(of: trace, load: load, seed: 6) != order)
  }

  @Test func readsAnOrder() throws {
    let trace = try Self.trace(Self.header + "a,1,2,1,460,\nb,1,2,1,460,\n")
    let order = try ArrivalOrder(pods: "42 1 0 1\n43 0 1\n", nodes: "42 1 0\n", seed: 42, of: trace)
    #expect(order == ArrivalOrder(pods: [1, 0, 1], nodes: [1, 0]))
    let missing = #expect(throws: DSLError.self) {
      try ArrivalOrder(pods: "42 1\n", nodes: "42 1 0\n", seed: 44, of: trace)
    }
    #expect(missing?.code == .notFound)
    let outside = #expect(throws: DSLError.self) {
      try ArrivalOrder(pods: "42 2\n", nodes: "42 1 0\n", seed: 42, of: trace)
    }
    #expect(outside?.message == "the arrival order of seed 42: \"2\" is no row, there are 2")
  }
}
