import DSLBase
import GPUScheduling

/// What `dsl gpu reclaim` prints.
struct ReclaimText {
  let scheduler: ClusterScheduler
  let reclaim: Reclaim
  let bounds: ReclaimBounds
  let stale: [StaleGang]

  private var cluster: Cluster { scheduler.state.cluster }

  var warnings: [String] {
    let partly = reclaim.pressures.filter { $0.outcome == .partly }.map {
      "\(name($0.pool)) comes down to \(percent($0.pool, $0.afterMiB)) only: \(obstacles($0))"
    }
    let unknown = reclaim.pools.filter { !$0.unmeasured.isEmpty && $0.kind != .node }.map {
      "\(name($0)): what \($0.unmeasured.joined(separator: ", ")) has in use there is not known"
    }
    return (partly + unknown).map { Shown.safe($0) }
  }

  // MARK: JSON

  var json: JSONValue {
    [
      "above_percent": .double(bounds.above), "below_percent": .double(bounds.below),
      "measured": .int(reclaim.pools.count), "stuck": .int(reclaim.stuck),
      "pressures": .array(reclaim.pressures.map(json)),
      "victims": .array(reclaim.victims.map(json)),
      "cost": .double(rounded(reclaim.cost)), "lost_gpu_hours": .double(rounded(reclaim.lostGPUHours)),
      "stale_gangs": .array(
        stale.map {
          [
            "workload": .string($0.workload), "members": .int($0.members), "present": .int($0.present),
            "lacking_since": .string(Timestamp(seconds: $0.since).description),
          ]
        }),
    ]
  }

  private func json(_ pressure: Reclaim.Pressure) -> JSONValue {
    var object = place(pressure.pool)
    object["capacity_mib"] = .int(pressure.pool.capacityMiB)
    object["used_mib"] = .int(pressure.pool.usedMiB)
    object["after_mib"] = .int(pressure.afterMiB)
    object["outcome"] = .string(pressure.outcome.rawValue)
    object["unexplained_mib"] = .int(pressure.pool.unexplainedMiB)
    object["unmeasured"] = .strings(pressure.pool.unmeasured)
    object["staying"] = .array(
      pressure.staying.map {
        ["pod": .string($0.pod), "used_mib": .int($0.mebibytes), "preemptible": .bool($0.preemptible)]
      })
    return .object(object)
  }

  private func json(_ chosen: Reclaim.Chosen) -> JSONValue {
    [
      "workload": .string(chosen.victim.workload.name), "pods": .strings(chosen.victim.pods),
      "priority": .int(chosen.victim.workload.priority),
      "qos": .string(chosen.victim.workload.qos.rawValue),
      "lost_gpu_hours": .double(rounded(chosen.victim.lostGPUHours)),
      "cost": .double(rounded(chosen.cost)), "reason": .string(reason(chosen)),
      "frees": .array(
        chosen.frees.keys.sorted().map { number in
          var object = place(reclaim.pools[number])
          object["mib"] = .int(chosen.frees[number] ?? 0)
          return .object(object)
        }),
    ]
  }

  private func place(_ pool: MemoryPool) -> JSONObject {
    var object: JSONObject = ["node": .string(cluster.nodes[pool.node].name)]
    switch pool.kind {
    case .node: (object["gpu"], object["mig"]) = (.null, .null)
    case .gpu(let gpu): (object["gpu"], object["mig"]) = (.int(gpu), .null)
    case .instance(let gpu, let instance):
      (object["gpu"], object["mig"]) = (.int(gpu), .optional(instanceName(pool.node, instance)))
    }
    return object
  }

  // MARK: Text

  func table(_ paint: Paint) -> String {
    var lines: [String] = stale.map {
      "release \(Shown.safe($0.workload)): \($0.present) of \($0.members) members, the others have been missing for \(Shown.age(scheduler.profile.staleAfter)) or longer\n"
    }
    if reclaim.pressures.isEmpty {
      let measured = "\(reclaim.pools.count) memories were measured"
      return
        (lines + ["\(measured), none has more than \(Shown.number(bounds.above, decimals: 0))% in use\n"])
        .joined()
    }
    var pressures = TextTable(header: ["memory", "GiB", "in use", "then", "is then"])
    pressures.rightAligned = [1, 2, 3]
    for pressure in reclaim.pressures {
      pressures.rows.append([
        Shown.safe(name(pressure.pool)), gibibytes(pressure.pool.capacityMiB),
        percent(pressure.pool, pressure.pool.usedMiB), percent(pressure.pool, pressure.afterMiB),
        pressure.outcome.rawValue,
      ])
    }
    lines.append(pressures.text(paint))
    if !reclaim.victims.isEmpty { lines.append("\n" + victims(paint)) }
    for pressure in reclaim.pressures where pressure.outcome == .stuck {
      lines.append(
        "\(Shown.safe(name(pressure.pool))) cannot be relieved: \(Shown.safe(obstacles(pressure)))\n")
    }
    return lines.joined()
  }

  private func victims(_ paint: Paint) -> String {
    var table = TextTable(header: ["evict", "pods", "priority", "qos", "hours lost", "cost", "frees", "why"])
    table.rightAligned = [1, 2, 4, 5]
    for chosen in reclaim.victims {
      let workload = chosen.victim.workload
      let frees = chosen.frees.keys.sorted().map {
        "\(name(reclaim.pools[$0])) \(gibibytes(chosen.frees[$0] ?? 0)) GiB"
      }
      table.rows.append([
        Shown.safe(workload.name), "\(chosen.victim.pods.count)", "\(workload.priority)",
        workload.qos.rawValue, Shown.number(chosen.victim.lostGPUHours, decimals: 1),
        Shown.number(chosen.cost, decimals: 1), Shown.safe(frees.joined(separator: ", ")),
        Shown.safe(reason(chosen)),
      ])
    }
    return table.text(paint)
  }

  private func reason(_ chosen: Reclaim.Chosen) -> String {
    let pool = reclaim.pools[chosen.neededBy]
    return "without it \(name(pool)) stays at \(percent(pool, chosen.withoutItMiB))"
  }

  /// What stands in the way.
  private func obstacles(_ pressure: Reclaim.Pressure) -> String {
    var parts = pressure.staying.filter { !$0.preemptible }.map {
      "\($0.pod) may not be preempted (\(gibibytes($0.mebibytes)) GiB)"
    }
    let unexplained = pressure.pool.unexplainedMiB
    if unexplained > 0 { parts.append("\(gibibytes(unexplained)) GiB that no workload explains") }
    let willing = pressure.staying.filter(\.preemptible)
    if pressure.outcome == .stuck, !willing.isEmpty {
      let sum = gibibytes(willing.reduce(0) { $0 + $1.mebibytes })
      parts.append("the \(sum) GiB of \(willing.map(\.pod).joined(separator: ", ")) do not suffice")
    }
    return parts.joined(separator: "; ")
  }

  private func name(_ pool: MemoryPool) -> String {
    let node = cluster.nodes[pool.node].name
    switch pool.kind {
    case .node: return "\(node) memory"
    case .gpu(let gpu): return "\(node) GPU \(gpu)"
    case .instance(let gpu, let instance):
      return "\(node) GPU \(gpu) \(instanceName(pool.node, instance) ?? "")"
    }
  }

  private func instanceName(_ node: Int, _ instance: MIGInstance) -> String? {
    cluster.model(of: cluster.nodes[node])?.geometry?.text(instance)
  }

  private func percent(_ pool: MemoryPool, _ mebibytes: Int) -> String {
    Shown.number(pool.percent(mebibytes), decimals: 1) + "%"
  }

  private func gibibytes(_ mebibytes: Int) -> String { Shown.number(Double(mebibytes) / 1024, decimals: 1) }

  private func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
}
