import DSLBase
import GPUScheduling
import Testing

/// Room that is kept for larger instances.
@Suite struct MIGReserveTests {
  private func scheduler(_ reserve: String) throws -> SchedulerBox {
    let text = """
      nodes: [{name: a, cpu: 64, memory: 64Gi, gpus: 2, model: A100-40GB, mig: [0, 1], mig_reserve: \(reserve)}]
      """
    return SchedulerBox(ClusterScheduler(try ClusterState(try ClusterReader.cluster(text, file: "c"))))
  }

  @Test func smallOnesLeaveTheRoom() throws {
    let box = try scheduler("4g.20gb")
    var small = 0
    while box.place(Clusters.mig("s\(small)", "1g.5gb")) != nil { small += 1 }
    #expect(small == 6, "three of seven compute slices of each GPU")
    #expect(
      box.state.obstacle(Clusters.mig("s", "1g.5gb"), node: 0)?.reason.contains(
        "GPU 0 keeps room for 4g.20gb")
        ?? false)
    #expect(box.choice(Clusters.mig("same", "7g.40gb")) == nil)
    #expect(
      box.place(Clusters.mig("l0", "4g.20gb")) != nil && box.place(Clusters.mig("l1", "4g.20gb")) != nil)
    #expect(box.state.faults.isEmpty)
    // One that large is there: nothing is kept any more.
    box.state.release("s0")
    #expect(box.place(Clusters.mig("again", "1g.5gb")) != nil)
  }

  @Test func someGPUsKeepRoomOthersDoNot() throws {
    let box = try scheduler("{1: 7g.40gb}")
    var placed = 0
    while let place = box.place(Clusters.mig("s\(placed)", "1g.5gb")) {
      #expect(place.bindings[0].gpus == 0b01)
      placed += 1
    }
    #expect(placed == 7 && box.place(Clusters.mig("whole", "7g.40gb"))?.bindings[0].gpus == 0b10)
  }

  @Test(arguments: [
    ("mig: [0], mig_reserve: 9g.1gb", "unknown value \"9g.1gb\""),
    ("mig: [0], mig_reserve: {1: 1g.5gb}", "GPU 1 is not in MIG mode"),
    ("mig_reserve: 1g.5gb", "the node has no GPU in MIG mode"),
  ]) func whatIsWrongIsNamed(fields: String, message: String) {
    let text = "nodes: [{name: a, cpu: 1, memory: 1, gpus: 2, model: A100-40GB, \(fields)}]"
    let error = #expect(throws: DSLError.self) { try ClusterReader.cluster(text, file: "c") }
    #expect(error?.message.contains(message) ?? false, "\(error?.message ?? "")")
  }
}
