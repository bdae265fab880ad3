/// A way to cut an instance out of a GPU (NVIDIA MIG User Guide, "GPU instance profiles").
package struct MIGProfile: Sendable, Hashable {
  /// As `nvidia-smi mig -lgip` names it: "3g.40gb".
  package let name: String
  /// Of the 7 compute slices.
  package let computeSlices: Int
  /// Of the 8 memory slots, side by side.
  package let memorySlots: Int
  /// The slots at which it may begin.
  package let starts: [Int]
  /// How many of it a GPU may have.
  package let most: Int
  /// What an instance can use, MiB; nominal where drivers differ.
  package let memoryMiB: Int

  /// The slots it covers from a start, one bit each.
  func slots(at start: Int) -> UInt8 { UInt8((1 << memorySlots) - 1) << UInt8(start) }
}

/// The profiles of a GPU model. Instances lie on an axis of 8 memory slots and share a budget of 7 compute slices: the two
/// do not line up, and that is where capacity gets stranded.
package struct MIGGeometry: Sendable, Hashable {
  package static var slots: Int { 8 }
  package static var computeSlices: Int { 7 }

  /// The GPU's name.
  package let model: String
  package let profiles: [MIGProfile]

  /// All instances that can be cut from an empty GPU.
  package var everyInstance: [MIGInstance] {
    profiles.indices.flatMap { profile in
      profiles[profile].starts.map { MIGInstance(profile: profile, start: $0) }
    }
  }

  /// The profile of a name.
  package func profile(named name: String) -> Int? { profiles.firstIndex { $0.name == name } }

  /// The same GPU with some profiles only.
  package func limited(to names: [String]) -> MIGGeometry {
    MIGGeometry(model: model, profiles: profiles.filter { names.contains($0.name) })
  }

  /// The models whose placements are known. Slices, starts and counts are those of `nvidia-smi mig -lgipp` (NVIDIA MIG User
  /// Guide for A100; KEP-4815 for memory); the starts of H200 are inferred from its equal counts and sizes.
  package static let known: [MIGGeometry] = [
    make(
      "A100-40GB", ["1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"],
      [4864, 9856, 9856, 19_968, 19_968, 40_192]),
    make(
      "A100-80GB", ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"],
      [9856, 19_968, 19_968, 40_192, 40_192, 80_384]),
    make(
      "H100-80GB", ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"],
      [10_240, 20_480, 20_480, 40_960, 40_960, 81_920]),
    make(
      "H200-141GB", ["1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb"],
      [16_384, 35_840, 35_840, 72_704, 72_704, 144_384]),
  ]

  /// One with media engines is cut like the smallest, once a GPU.
  private static func make(_ model: String, _ names: [String], _ memory: [Int]) -> MIGGeometry {
    let shapes: [(compute: Int, slots: Int, starts: [Int], most: Int)] = [
      (1, 1, Array(0...6), 7), (1, 2, [0, 2, 4, 6], 4), (2, 2, [0, 2, 4], 3), (3, 4, [0, 4], 2),
      (4, 4, [0], 1),
      (7, 8, [0], 1),
    ]
    var profiles = zip(names.indices, shapes).map { index, shape in
      MIGProfile(
        name: names[index], computeSlices: shape.compute, memorySlots: shape.slots, starts: shape.starts,
        most: shape.most, memoryMiB: memory[index])
    }
    profiles.insert(
      MIGProfile(
        name: names[0] + "+me", computeSlices: 1, memorySlots: 1, starts: Array(0...6), most: 1,
        memoryMiB: memory[0]), at: 1)
    return MIGGeometry(model: model, profiles: profiles)
  }
}

/// An instance on a GPU: which profile of the geometry, and the memory slot at which it begins.
package struct MIGInstance: Sendable, Hashable, Comparable {
  package let profile: Int
  package let start: Int

  package init(profile: Int, start: Int) {
    self.profile = profile
    self.start = start
  }

  package static func < (left: MIGInstance, right: MIGInstance) -> Bool {
    (left.start, left.profile) < (right.start, right.profile)
  }
}
