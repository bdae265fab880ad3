/// The instances of one GPU, always a legal set.
package struct MIGLayout: Sendable, Hashable {
  package let geometry: MIGGeometry
  /// In the order of their starts.
  package private(set) var instances: [MIGInstance] = []
  /// Memory slots in use, one bit each.
  package private(set) var slots: UInt8 = 0
  /// Compute slices in use.
  package private(set) var compute = 0

  /// An empty GPU.
  package init(_ geometry: MIGGeometry) { self.geometry = geometry }

  /// Whether an instance can be cut beside those that are there: its slots are free, its slices are left, and the GPU may
  /// have one more of the profile.
  package func allows(_ instance: MIGInstance) -> Bool {
    let profile = geometry.profiles[instance.profile]
    guard profile.slots(at: instance.start) & slots == 0, profile.starts.contains(instance.start),
      compute + profile.computeSlices <= MIGGeometry.computeSlices
    else { return false }
    return instances.count { $0.profile == instance.profile } < profile.most
  }

  /// Where an instance of a profile can begin now.
  package func starts(_ profile: Int) -> [Int] {
    geometry.profiles[profile].starts.filter { allows(MIGInstance(profile: profile, start: $0)) }
  }

  /// Cuts an instance.
  ///
  /// - Returns: whether it was allowed; nothing changes when it was not.
  package mutating func create(_ instance: MIGInstance) -> Bool {
    guard allows(instance) else { return false }
    let profile = geometry.profiles[instance.profile]
    slots |= profile.slots(at: instance.start)
    compute += profile.computeSlices
    instances.insert(instance, at: instances.firstIndex { instance < $0 } ?? instances.count)
    return true
  }

  /// Gives an instance's room back.
  ///
  /// - Returns: whether there was such an instance.
  package mutating func destroy(_ instance: MIGInstance) -> Bool {
    guard let index = instances.firstIndex(of: instance) else { return false }
    let profile = geometry.profiles[instance.profile]
    instances.remove(at: index)
    slots &= ~profile.slots(at: instance.start)
    compute -= profile.computeSlices
    return true
  }

  /// Whether nothing more can be cut.
  package var isMaximal: Bool { geometry.profiles.indices.allSatisfy { starts($0).isEmpty } }
}

extension MIGGeometry {
  /// Every legal layout, the empty one included, each once.
  ///
  /// - Complexity: O(layouts · instances); some hundreds for the profiles there are.
  package func everyLayout() -> [MIGLayout] {
    var found: [MIGLayout] = []
    let all = everyInstance.sorted()
    func extend(_ layout: MIGLayout, from index: Int) {
      found.append(layout)
      for next in index..<all.count {
        var larger = layout
        if larger.create(all[next]) { extend(larger, from: next + 1) }
      }
    }
    extend(MIGLayout(self), from: 0)
    return found
  }
}
