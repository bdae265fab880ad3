import DSLBase

/// What is left idle of a node when sampled streams of typical pods have been offered to it.
struct NodeFutures: Sendable {
  /// States remembered: about 60 bytes each. Past it all are forgotten, so memory is bounded.
  private static let limit = 1 << 19

  private struct Pod: Sendable {
    var cpuMilli: Int32
    var gpuMilli: Int16
    var gpuCount: UInt8
    /// The least that this pod and the later ones of its stream ask for: below it a stream has ended.
    var leastCPU: Int32
    var leastGPU: Int16
  }

  private struct Key: Hashable {
    var idle: IdleGPUs
    var cpuMilli: Int32
    var model: UInt8
  }

  /// By model: the streams.
  private let streams: [[[Pod]]]
  private var known: [Key: Double] = [:]

  init(_ typical: TypicalPods, models: Int, streams: Int, length: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let drawn = (0..<streams).map { _ in (0..<length).map { _ in typical.sample(using: &random) } }
    self.streams = (0..<models).map { model in
      drawn.map { stream in
        // A pod without GPU finds a node whose GPUs are used up, so it does not count here.
        var pods = stream.filter { $0.gpuCount > 0 && $0.models.contains(UInt8(model)) }.map {
          Pod(
            cpuMilli: $0.cpuMilli, gpuMilli: $0.gpuMilli, gpuCount: $0.gpuCount, leastCPU: $0.cpuMilli,
            leastGPU: $0.gpuMilli)
        }
        for index in pods.indices.dropLast().reversed() {
          pods[index].leastCPU = min(pods[index].cpuMilli, pods[index + 1].leastCPU)
          pods[index].leastGPU = min(pods[index].gpuMilli, pods[index + 1].leastGPU)
        }
        return pods
      }
    }
  }

  /// Thousandths of GPU that stay idle, the mean over the streams.
  mutating func waste(cpuMilli: Int32, idle: IdleGPUs, model: UInt8) -> Double {
    let key = Key(idle: idle.sorted, cpuMilli: cpuMilli, model: model)
    if let waste = known[key] { return waste }
    if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
    let streams = streams[Int(model)]
    var sum = 0
    for stream in streams { sum += Self.left(of: key, after: stream) }
    let waste = Double(sum) / Double(streams.count)
    known[key] = waste
    return waste
  }

  private static func left(of key: Key, after stream: [Pod]) -> Int {
    var (idle, cpu, most) = (key.idle, key.cpuMilli, key.idle.most)
    for pod in stream {
      if cpu < pod.leastCPU || most < pod.leastGPU { break }
      guard pod.cpuMilli <= cpu, pod.gpuMilli <= most else { continue }
      if pod.gpuCount == 1 {
        guard let gpu = idle.tightest(pod.gpuMilli) else { continue }
        idle[gpu] -= pod.gpuMilli
      } else {
        guard idle.count(atLeast: 1000) >= Int(pod.gpuCount) else { continue }
        idle.add(-1000, to: idle.whole(Int(pod.gpuCount)))
      }
      cpu -= pod.cpuMilli
      most = idle.most
    }
    return idle.total
  }
}
