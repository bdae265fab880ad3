/// Nodes, and GPUs of them, that are near each other.
struct PlacementDomain: Sendable, Hashable {
  struct Part: Sendable, Hashable {
    var node: Int
    /// GPUs, one bit each.
    var mask: UInt32
  }

  /// "node dgx-0, NUMA group 1"; for people.
  var name: String
  var parts: [Part]
}

extension Cluster {
  /// The domains of a locality, each once, in the order of their first node.
  func domains(_ locality: Locality) -> [PlacementDomain] {
    switch locality {
    case .any: return [PlacementDomain(name: "the cluster", parts: nodes.indices.map { whole($0) })]
    case .sameNode, .sameSocket: return nodes.indices.flatMap { domains(locality, of: $0) }
    case .rack: return grouped { nodes[$0].rack.map { "rack \($0)" } ?? "node \(nodes[$0].name)" }
    case .nvlink:
      let shared = grouped { nodes[$0].nvlinkDomain.map { "NVLink domain \($0)" } ?? "" }.filter {
        !$0.name.isEmpty
      }
      return shared
        + nodes.indices.filter { nodes[$0].nvlinkDomain == nil }.flatMap { domains(.nvlink, of: $0) }
    }
  }

  /// The parts of domains that lie on one node.
  func domains(_ locality: Locality, of node: Int) -> [PlacementDomain] {
    let (facts, name) = (nodes[node], "node \(nodes[node].name)")
    func split(_ masks: [UInt32], _ word: String) -> [PlacementDomain] {
      masks.enumerated().map {
        PlacementDomain(
          name: "\(name), \(word) group \($0.offset)",
          parts: [PlacementDomain.Part(node: node, mask: $0.element)])
      }
    }
    switch locality {
    case .any, .sameNode, .rack: return [PlacementDomain(name: name, parts: [whole(node)])]
    case .sameSocket: return split(facts.topology.numaGroups, "NUMA")
    case .nvlink:
      if let shared = facts.nvlinkDomain {
        return [PlacementDomain(name: "NVLink domain \(shared)", parts: [whole(node)])]
      }
      return split(facts.topology.nvlinkGroups, "NVLink")
    }
  }

  private func whole(_ node: Int) -> PlacementDomain.Part { PlacementDomain.Part(node: node, mask: .max) }

  private func grouped(_ name: (Int) -> String) -> [PlacementDomain] {
    var domains: [PlacementDomain] = []
    var known: [String: Int] = [:]
    for node in nodes.indices {
      let name = name(node)
      if let index = known[name] {
        domains[index].parts.append(whole(node))
      } else {
        known[name] = domains.count
        domains.append(PlacementDomain(name: name, parts: [whole(node)]))
      }
    }
    return domains
  }
}

/// How members are dealt out to places that take only so many each.
package enum Dealing {
  /// As few places as will do, the last of them as small as will do, and members as evenly as they allow.
  ///
  /// - Parameter room: by place, in the order of preference, how many it takes.
  /// - Returns: by place, how many it gets; `nil` when there is no room for all.
  package static func deal(_ members: Int, room: [Int]) -> [Int]? {
    let ranked = room.indices.filter { room[$0] > 0 }.sorted { (room[$0], $1) > (room[$1], $0) }
    var (chosen, sum): ([Int], Int) = ([], 0)
    for place in ranked where sum < members {
      let left = members - sum
      // The place that ends it: of those that take all that is left, the smallest, the first among equals.
      let last = ranked.filter { !chosen.contains($0) && room[$0] >= left }.min {
        (room[$0], $0) < (room[$1], $1)
      }
      chosen.append(last ?? place)
      sum += room[last ?? place]
    }
    guard sum >= members else { return nil }
    var dealt = [Int](repeating: 0, count: room.count)
    for _ in 0..<members {
      guard let place = chosen.filter({ dealt[$0] < room[$0] }).min(by: { (dealt[$0], $0) < (dealt[$1], $1) })
      else {
        return nil
      }
      dealt[place] += 1
    }
    return dealt
  }
}
