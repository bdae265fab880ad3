import ArgumentParser
import Coordination
import DSLBase
import GPUScheduling

/// `dsl gpu schedule`: manifests in, bindings out.
struct GPUScheduleCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "Place the replicas of agent pools on a cluster.",
    discussion: """
      Each pool gets its minimum of replicas unless --replicas says otherwise, the highest priority first; a replica is a gang
      of its model's shards. Replicas that run already stay. Nothing is changed: bindings are printed, and with --patches
      written as merge patches for pods that wait behind a scheduling gate.

      Examples:
        dsl gpu schedule -f examples/gpu/manifests.yaml --cluster examples/gpu/cluster.yaml
        dsl gpu schedule --manifests pools.yaml --cluster cluster.yaml --replicas chat=5 --headroom chat=250 --preempt --patches out

      Exit status: 1 when a replica has no place; the others are printed all the same.
      """)
  static let reportName = "gpu-schedule"

  @OptionGroup var manifests: ManifestOptions
  @OptionGroup var options: ClusterOptions

  @Option(help: ArgumentHelp("How many replicas a pool gets; may be repeated.", valueName: "pool=count"))
  var replicas: [String] = []

  @Option(
    help: ArgumentHelp("Milliseconds that a pool's latency objective has in hand.", valueName: "pool=ms"))
  var headroom: [String] = []

  @Flag(help: "Pods may move to make room.")
  var move = false

  @Flag(help: "Workloads of lower priority may be evicted.")
  var preempt = false

  @Option(
    help: ArgumentHelp(
      "Write a patch for each pod into a folder, for kubectl patch --type=merge.", valueName: "folder"))
  var patches: String?

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if manifests.files.isEmpty { throw ValidationError("name the manifests with --manifests") }
  }

  func report(_ context: Context) async throws -> Report? {
    let set = try manifests.resolved(context)
    var (scheduler, notes) = try options.scheduler(context)
    let counts = try Self.pairs(replicas, "--replicas", set).mapValues { Int($0) }
    for pool in set.pools {
      if let count = counts[pool.name], count > pool.maxReplicas {
        throw DSLError(
          .invalidInput, "--replicas \(pool.name)=\(count): the pool has at most \(pool.maxReplicas)",
          fix: "raise its maxReplicas")
      }
    }
    let schedule = scheduler.schedule(
      set.pools, replicas: counts, headroomMs: try Self.pairs(headroom, "--headroom", set),
      now: context.time.now.seconds,
      mayMove: move, mayEvict: preempt)
    let cluster = scheduler.state.cluster
    if let patches { try write(schedule, to: patches, cluster, context) }
    let data: JSONValue = [
      "replicas": .array(schedule.replicas.map { Self.json($0, cluster) }), "refused": .int(schedule.refused),
      "cost_per_hour": .double(set.pools.reduce(0) { $0 + scheduler.hourlyCost(of: $1.name) }),
    ]
    var report = Report(Self.reportName, data) { Self.text(schedule, cluster, $0) }
    report.warnings = notes
    if schedule.refused > 0 { report.status = .gateFailed }
    return report
  }

  private static func json(_ replica: PoolSchedule.Replica, _ cluster: Cluster) -> JSONValue {
    [
      "workload": .string(replica.workload.name), "pool": .string(replica.pool),
      "placement": replica.placement.map { cluster.json($0) } ?? .null, "refusal": .optional(replica.refusal),
      "moves": replica.moves.map { cluster.json($0)["moves"] ?? .null } ?? [],
      "victims": replica.eviction.map { cluster.json($0)["victims"] ?? .null } ?? [],
    ]
  }

  /// "pool=number" of pools that are there.
  private static func pairs(_ texts: [String], _ flag: String, _ set: ManifestSet) throws -> [String: Double]
  {
    var pairs: [String: Double] = [:]
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Double(parts[1]), number >= 0, number < 1e6,
        flag == "--headroom" || number == number.rounded()
      else { throw DSLError(.invalidInput, "\(flag) \(text): expected pool=number") }
      let names = set.pools.map(\.name)
      guard names.contains(String(parts[0])) else {
        throw DSLError(
          .notFound,
          "\(flag) \(text): there is no pool \"\(parts[0])\""
            + NearestSpelling.hint(for: String(parts[0]), among: names))
      }
      pairs[String(parts[0])] = number
    }
    return pairs
  }

  /// One file a pod, named after it; a name of another namespace has its "/" as "_".
  private func write(
    _ schedule: PoolSchedule, to folder: String, _ cluster: Cluster, _ context: Context
  ) throws {
    do throws(FileError) { try context.files.makeDirectory(folder) } catch { throw error.asDSLError }
    for binding in schedule.replicas.flatMap({ $0.placement?.bindings ?? [] }) {
      let name = String(binding.pod.map { $0 == "/" ? "_" : $0 })
      try AtomicFile.commit(
        context.files, "\(folder)/\(name).json", Array((cluster.patch(binding).text(.pretty) + "\n").utf8))
    }
  }

  private static func text(_ schedule: PoolSchedule, _ cluster: Cluster, _ paint: Paint) -> String {
    var table = TextTable(header: ["pod", "place", "near", "first"])
    for replica in schedule.replicas {
      guard let placement = replica.placement else {
        table.rows.append([Shown.safe(replica.workload.name), "refused: " + (replica.refusal ?? ""), "-", ""])
        continue
      }
      let first =
        (replica.moves?.moves ?? []).map { "move \($0.from.pod)" }
        + (replica.eviction?.victims ?? []).map { "evict \($0.workload.name)" }
      for binding in placement.bindings {
        table.rows.append([
          Shown.safe(binding.pod), Shown.safe(cluster.text(binding)), placement.locality.rawValue,
          binding.member == 0 ? Shown.safe(first.joined(separator: ", ")) : "",
        ])
      }
    }
    return schedule.replicas.isEmpty ? "every replica runs\n" : table.text(paint)
  }
}
