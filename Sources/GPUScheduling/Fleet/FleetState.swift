/// What a node has, before anything runs on it.
package struct NodeCapacity: Sendable, Hashable {
  package var cpuMilli: Int32
  package var memoryMiB: Int32
  package var gpuCount: UInt8
  /// The model of its GPUs, as the fleet numbers them.
  package var model: UInt8

  package init(cpuMilli: Int32, memoryMiB: Int32, gpuCount: UInt8, model: UInt8) {
    self.cpuMilli = cpuMilli
    self.memoryMiB = memoryMiB
    self.gpuCount = gpuCount
    self.model = model
  }
}

/// Where a pod runs: the node, and one bit for each of its GPUs that the pod uses.
package struct Placement: Sendable, Hashable {
  package var node: Int32
  package var gpus: UInt32

  package init(node: Int32, gpus: UInt32) {
    self.node = node
    self.gpus = gpus
  }
}

/// What is free on every node, as flat arrays: nodes in the order in which ties are broken.
package struct FleetState: Sendable {
  package let capacity: [NodeCapacity]
  package let totalGPUMilli: Int
  /// Free thousandths of a CPU, by node.
  package private(set) var cpu: ContiguousArray<Int32>
  /// Free MiB, by node.
  package private(set) var memory: ContiguousArray<Int32>
  /// Free thousandths of each GPU, by node; 0 where there is no GPU.
  package private(set) var idle: ContiguousArray<IdleGPUs>
  /// How many pods of each GPU class run on a node: class 0 shares a GPU, class k has k whole ones.
  package private(set) var classes: ContiguousArray<UInt16>
  package private(set) var usedGPUMilli = 0

  /// Classes of pods a node counts: shares, and one for each number of whole GPUs.
  package static var classStride: Int { IdleGPUs.limit + 1 }
  package var nodeCount: Int { capacity.count }

  /// An empty fleet of nodes with at most `IdleGPUs.limit` GPUs each.
  package init(_ capacity: [NodeCapacity]) {
    self.capacity = capacity
    totalGPUMilli = capacity.reduce(0) { $0 + Int($1.gpuCount) * 1000 }
    cpu = ContiguousArray(capacity.map(\.cpuMilli))
    memory = ContiguousArray(capacity.map(\.memoryMiB))
    idle = ContiguousArray(capacity.map { IdleGPUs(free: Int($0.gpuCount)) })
    classes = ContiguousArray(repeating: 0, count: capacity.count * Self.classStride)
  }

  /// Whether a shape's demands are met by what is free on a node.
  package func fits(_ shape: PodShape, on node: Int) -> Bool {
    guard cpu[node] >= shape.cpuMilli, memory[node] >= shape.memoryMiB else { return false }
    if shape.gpuCount == 0 { return true }
    return shape.models.contains(capacity[node].model)
      && idle[node].count(atLeast: shape.gpuMilli) >= Int(shape.gpuCount)
  }

  /// Takes what a pod needs.
  package mutating func take(_ shape: PodShape, at place: Placement) { change(shape, place, -1) }

  /// Gives back what a pod had.
  package mutating func give(_ shape: PodShape, at place: Placement) { change(shape, place, 1) }

  private mutating func change(_ shape: PodShape, _ place: Placement, _ sign: Int32) {
    let node = Int(place.node)
    cpu[node] += sign * shape.cpuMilli
    memory[node] += sign * shape.memoryMiB
    guard shape.gpuCount > 0 else { return }
    idle[node].add(Int16(sign) * shape.gpuMilli, to: place.gpus)
    usedGPUMilli -= Int(sign) * shape.totalGPUMilli
    let kind = node * Self.classStride + shape.gpuClass
    classes[kind] = sign < 0 ? classes[kind] + 1 : classes[kind] - 1
  }
}

extension PodShape {
  /// Pods of one class leave the same kind of hole: 0 shares a GPU, k has k whole ones.
  var gpuClass: Int { isShare ? 0 : Int(gpuCount) }
}
