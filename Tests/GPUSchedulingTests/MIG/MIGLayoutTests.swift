import DSLBase
import GPUScheduling
import Testing

@Suite struct MIGLayoutTests {
  static let geometry = MIGGeometry.known[1]

  /// The numbers that exhaustive enumeration of the User Guide's table gives; 19 is the known number of A100
  /// configurations.
  @Test(arguments: [
    (["1g.10gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"], [298, 19, 14, 38]),
    (["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"], [723, 78, 38, 78]),
  ]) func everyLegalLayout(profiles: [String], expected: [Int]) {
    let layouts = Self.geometry.limited(to: profiles).everyLayout()
    let maximal = layouts.filter(\.isMaximal)
    #expect(Set(layouts.map(\.instances)).count == layouts.count)
    #expect([layouts.count, maximal.count, kinds(maximal), kinds(layouts)] == expected)
  }

  private func kinds(_ layouts: [MIGLayout]) -> Int {
    Set(layouts.map { $0.instances.map(\.profile).sorted() }).count
  }

  /// Whatever is cut and given back: slots are disjoint, slices within the budget, profiles within their number, and what
  /// the layout says is used is what its instances use.
  @Test(arguments: MIGGeometry.known.indices, [UInt64(1), 2, 3]) func staysLegal(model: Int, seed: UInt64) {
    let geometry = MIGGeometry.known[model]
    var random = SplitMix64(seed: seed)
    var layout = MIGLayout(geometry)
    for _ in 0..<2000 {
      let instance = MIGInstance(
        profile: Int.random(in: 0..<geometry.profiles.count, using: &random),
        start: Int.random(in: 0..<8, using: &random))
      let before = layout
      if Bool.random(using: &random), let old = layout.instances.randomElement(using: &random) {
        let destroyed = layout.destroy(old)
        #expect(destroyed)
        #expect(layout.allows(old), "what was there can be there again")
      } else if !layout.create(instance) {
        #expect(layout == before)
      }
      check(layout)
    }
  }

  private func check(_ layout: MIGLayout) {
    var (owners, compute, counts) = ([Int](repeating: 0, count: 8), 0, [Int: Int]())
    for instance in layout.instances {
      let profile = layout.geometry.profiles[instance.profile]
      for slot in instance.start..<instance.start + profile.memorySlots { owners[slot] += 1 }
      compute += profile.computeSlices
      counts[instance.profile, default: 0] += 1
      #expect(profile.starts.contains(instance.start))
    }
    #expect(owners.allSatisfy { $0 <= 1 } && compute <= 7)
    #expect(counts.allSatisfy { $0.value <= layout.geometry.profiles[$0.key].most })
    #expect(compute == layout.compute)
    #expect(
      owners.enumerated().allSatisfy { ($0.element == 1) == (layout.slots >> UInt8($0.offset) & 1 == 1) })
  }

  /// Three small instances at 0, 1 and 5 leave room for no third-of-a-GPU, though five slots are free: which start is
  /// chosen matters (NVIDIA/k8s-dra-driver-gpu issue 933).
  @Test func startsDecideWhatStillFits() throws {
    let small = try #require(Self.geometry.profile(named: "1g.10gb"))
    let large = try #require(Self.geometry.profile(named: "3g.40gb"))
    var stranded = MIGLayout(Self.geometry)
    for start in [0, 1, 5] { cut(small, start, &stranded) }
    #expect(stranded.starts(large).isEmpty)
    var packed = MIGLayout(Self.geometry)
    for start in [4, 5, 6] { cut(small, start, &packed) }
    #expect(packed.starts(large) == [0])
  }

  private func cut(_ profile: Int, _ start: Int, _ layout: inout MIGLayout) {
    let done = layout.create(MIGInstance(profile: profile, start: start))
    #expect(done)
  }
}
