/// A set of GPU models, by the number that a fleet gives each.
package struct GPUModelSet: Sendable, Hashable {
  /// One bit a model.
  package var bits: UInt64

  package init(bits: UInt64) { self.bits = bits }

  /// Every model.
  package static let any = GPUModelSet(bits: .max)

  package func contains(_ model: UInt8) -> Bool { bits >> UInt64(model & 63) & 1 == 1 }
}

/// What a pod asks of a node: pods of one shape are interchangeable to a scheduler.
package struct PodShape: Sendable, Hashable {
  /// Thousandths of a CPU.
  package var cpuMilli: Int32
  package var memoryMiB: Int32
  /// Thousandths of each GPU, 1...1000; 0 when no GPU is asked for.
  package var gpuMilli: Int16
  /// GPUs; more than one only as whole ones.
  package var gpuCount: UInt8
  /// The models that will do.
  package var models: GPUModelSet

  package init(
    cpuMilli: Int32, memoryMiB: Int32, gpuMilli: Int16, gpuCount: UInt8, models: GPUModelSet = .any
  ) {
    self.cpuMilli = cpuMilli
    self.memoryMiB = memoryMiB
    self.gpuMilli = gpuMilli
    self.gpuCount = gpuCount
    self.models = models
  }

  /// Thousandths of a GPU altogether.
  package var totalGPUMilli: Int { Int(gpuMilli) * Int(gpuCount) }
  /// Whether it asks for a part of one GPU.
  package var isShare: Bool { gpuCount == 1 && gpuMilli < 1000 }
}
