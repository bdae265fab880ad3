import CClusterSim
import DSLBase
import Testing

@testable import ClusterSim

/// The functions that other languages call, beside the same rules called from Swift.
@Suite struct InterfaceTests {
  /// Environments behind a handle, with buffers of their own.
  private final class Handle {
    let id: UInt64
    let count: Int
    var observations: [Float]
    var finals: [Float]
    var rewards: [Double]
    var terminated: [UInt8]
    var truncated: [UInt8]

    init(_ configuration: ClusterConfiguration, count: Int, autoreset: Int = resonetics_disabled) throws {
      var id: UInt64 = 0
      let code = resonetics_create(
        Int32(resonetics_abi), configuration.values, Int64(configuration.values.count), configuration.digest,
        Int64(count), Int32(autoreset), &id, nil, 0)
      try #require(code == 0)
      (self.id, self.count) = (id, count)
      observations = Array(repeating: -1, count: 35 * count)
      finals = observations
      rewards = Array(repeating: -1, count: count)
      terminated = Array(repeating: 9, count: count)
      truncated = terminated
    }

    deinit { resonetics_destroy(id) }

    func reset(_ keys: [UInt64], level: Int = 0) -> Int32 {
      let (length, n) = (Int64(35 * count), Int64(keys.count))
      return resonetics_reset(id, keys, n, nil, 0, Int64(level), &observations, length)
    }

    func step(_ actions: [Int64]) -> Int32 {
      let (n, length) = (Int64(count), Int64(35 * count))
      return resonetics_step(
        id, actions, Int64(actions.count), &observations, length, &rewards, n, &terminated, n, &truncated, n,
        &finals, length)
    }

    var message: String { String(cString: resonetics_message(id)) }

    func save(_ i: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: Int(resonetics_state_size(id)))
      return resonetics_save(id, Int64(i), &bytes, Int64(bytes.count)) == 0 ? bytes : []
    }
  }

  @Test func constantsAreTheSameOnBothSides() {
    let fields = ConfigurationField.all
    #expect(fields.count == Int(resonetics_field_count()))
    let canonical = ClusterConfiguration().values
    for (i, field) in fields.enumerated() {
      var (whole, low, high, value) = (Int32(), 0.0, 0.0, 0.0)
      let name = resonetics_field(Int32(i), &whole, &low, &high, &value).map { String(cString: $0) }
      #expect(name == field.name && value == canonical[i])
      switch field.place {
      case .real(_, let range): #expect(whole == 0 && low...high == range, "\(field.name)")
      case .whole(_, let range):
        #expect(
          whole == 1 && low == Double(range.lowerBound) && high == Double(range.upperBound), "\(field.name)")
      }
    }
    for preset in ClusterConfiguration.Preset.allCases {
      // All of them are written, whatever was there.
      var values = [Double](repeating: 0, count: canonical.count)
      #expect(resonetics_preset(preset.rawValue, &values, Int64(values.count)) == 0)
      #expect(values == ClusterConfiguration(preset).values, "\(preset)")
      #expect(resonetics_preset("mild", &values, Int64(values.count)) == resonetics_invalid)
      #expect(values == ClusterConfiguration(preset).values, "\(preset): a call that fails changes nothing")
    }
    #expect(dslsim_dynamics_version == ClusterConfiguration.dynamicsVersion)
  }

  @Test(arguments: [
    (Autoreset.nextStep, resonetics_next_step), (.sameStep, resonetics_same_step),
    (.disabled, resonetics_disabled),
  ])
  func stepsAreTheSameOnBothSides(autoreset: Autoreset, mode: Int) throws {
    let seed: UInt64 = 81
    var random = SplitMix64(seed: seed)
    let configuration = ClusterConfiguration(.storm, height: 4, width: 5)
    let keys: [UInt64] = (0..<7).map { _ in random.next() }
    let run = try Rollout(configuration, keys: keys, autoreset: autoreset, level: 3)
    let handle = try Handle(configuration, count: keys.count, autoreset: mode)
    #expect(handle.reset(keys, level: 3) == 0)
    for step in 0..<400 {
      #expect(handle.observations == Array(run.out.observations), "seed \(seed), step \(step)")
      let actions = keys.map { _ in random.action() }
      try run.step(actions)
      #expect(handle.step(actions.map(Int64.init)) == 0)
      #expect(handle.rewards.map { Float($0) } == Array(run.out.rewards))
      #expect(handle.terminated.map { $0 == 1 } == Array(run.out.terminated))
      #expect(handle.truncated.map { $0 == 1 } == Array(run.out.truncated))
      guard step % 50 == 0 else { continue }
      for i in keys.indices {
        var digest: UInt64 = 0
        #expect(resonetics_digest(handle.id, Int64(i), &digest) == 0 && digest == run.batch.digest(of: i))
        #expect(try handle.save(i) == run.batch.save(i))
      }
    }
    if autoreset == .sameStep { #expect(handle.finals == Array(run.final)) }
    var facts = [Int64](repeating: 0, count: keys.count * resonetics_fact_count)
    #expect(resonetics_facts(handle.id, nil, 0, &facts, Int64(facts.count)) == 0)
    var some = [Int64](repeating: 0, count: 2 * resonetics_fact_count)
    #expect(resonetics_facts(handle.id, [6, 0], 2, &some, Int64(some.count)) == 0)
    #expect(some == Array(facts.suffix(13) + facts.prefix(13)))
    #expect(resonetics_facts(handle.id, [7, 0], 2, &some, Int64(some.count)) == resonetics_invalid)
    for i in keys.indices {
      let state = run.batch.state(of: i)
      #expect(UInt64(bitPattern: facts[13 * i]) == state.key && Int(facts[13 * i + 7]) == state.level)
      #expect(Int(facts[13 * i + 8]) == Int(state.cause.rawValue))
    }
  }

  @Test func aSavedStateCrossesOver() throws {
    let configuration = ClusterConfiguration()
    let run = try Rollout(configuration, keys: [5, 6])
    for step in 0..<60 { try run.step([UInt8(step % 8), 3]) }
    let handle = try Handle(configuration, count: 2)
    #expect(handle.reset([1, 2]) == 0)
    let bytes = try run.batch.save(0)
    var seen = [Float](repeating: 0, count: 35)
    #expect(resonetics_restore(handle.id, 1, bytes, Int64(bytes.count), &seen, 35) == 0)
    #expect(seen == run.observation(0))
    #expect(resonetics_fork(handle.id, 1, 0, nil) == 0 && handle.save(0) == bytes)
    for _ in 0..<20 {
      try run.step([4, 0])
      #expect(handle.step([4, 4]) == 0 && Array(handle.observations[35...]) == run.observation(0))
    }
  }

  @Test func whatMayNotBeIsACodeAndAMessage() throws {
    let handle = try Handle(ClusterConfiguration(), count: 3)
    #expect(
      handle.step([0, 0, 0]) == resonetics_too_early && handle.message == "a step before the first reset")
    #expect(handle.reset([1, 2]) == resonetics_invalid && handle.message == "keys has 2 elements, not 3")
    #expect(handle.reset([1, 2, 3], level: 1) == resonetics_invalid && handle.message.contains("level is 1"))
    #expect(handle.reset([1, 2, 3]) == 0)
    let before = (0..<3).map(handle.save)
    #expect(handle.step([0, 8, 0]) == resonetics_invalid && handle.message == "actions[1] is 8, not 0 to 7")
    #expect(
      handle.step([0, 0, -1]) == resonetics_invalid && handle.message == "actions[2] is -1, not 0 to 7")
    #expect(handle.step([0, 0]) == resonetics_invalid)
    #expect(resonetics_reset(handle.id, nil, 0, nil, 0, 0, nil, 105) == resonetics_invalid)
    #expect(handle.message == "observations is missing")
    var digest: UInt64 = 0
    #expect(resonetics_digest(handle.id, 3, &digest) == resonetics_invalid)
    #expect((0..<3).map(handle.save) == before, "a call that fails changes nothing")
    var id: UInt64 = 0
    var message = [CChar](repeating: 0, count: 200)
    let zeros = String(repeating: "0", count: 64)
    func create(
      _ values: [Double]?, abi: Int = resonetics_abi, count: Int64 = 1, digest: String? = nil
    ) -> (Int32, String) {
      let code = resonetics_create(
        Int32(abi), values, Int64(values?.count ?? 50), digest ?? zeros, count, 0, &id, &message,
        Int64(message.count))
      let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      return (code, String(decoding: text, as: UTF8.self))
    }
    var values = ClusterConfiguration().values
    #expect(
      create(values, abi: 7) == (
        resonetics_stale.code, "the caller is made for version 7 of the interface, this is 1"
      ))
    #expect(create(Array(values.dropLast())) == (resonetics_invalid.code, "values has 49 elements, not 50"))
    #expect(create(nil) == (resonetics_invalid.code, "values are missing"))
    for count in [0, Int64(resonetics_largest_batch) + 1] {
      #expect(
        create(values, count: count) == (
          resonetics_invalid.code, "environments is \(count), not 1 to \(resonetics_largest_batch)"
        ))
    }
    for digest in [
      "", "0", String(repeating: "0", count: 65), "g" + zeros.dropLast(), zeros.dropLast() + "\n",
    ] {
      #expect(
        create(values, digest: digest) == (
          resonetics_invalid.code, "digest is not 64 hexadecimal digits"
        ), "\(digest)")
    }
    values[10] = .nan
    #expect(create(values) == (resonetics_invalid.code, "leak is nan, not a number from 0 to 0.005"))
    (values[10], values[0]) = (0.0005, 2.5)
    #expect(create(values).1 == "height is 2.5, not a whole number from 1 to 64")
    (values[0], values[10], values[12]) = (6, 0.005, 100)
    #expect(create(values).1.hasPrefix("leak is 0.0050000000000000001: too much"))
  }

  @Test func handlesThatAreGoneAreAnError() throws {
    var old: UInt64 = 0
    do {
      let handle = try Handle(ClusterConfiguration(), count: 1)
      old = handle.id
      #expect(handle.reset([1]) == 0)
    }
    var digest: UInt64 = 0
    for id in [old, 0, .max, 12345] {
      #expect(resonetics_digest(id, 0, &digest) == resonetics_no_handle && resonetics_state_size(id) == -1)
      #expect(resonetics_destroy(id) == resonetics_no_handle)
      #expect(String(cString: resonetics_message(id)).contains("no such handle"))
    }
  }

  @Test func statesThatWereChangedAreRefused() throws {
    let seed: UInt64 = 83
    var random = SplitMix64(seed: seed)
    let handle = try Handle(ClusterConfiguration(), count: 1)
    #expect(handle.reset([1]) == 0)
    let bytes = handle.save(0)
    for _ in 0..<200 {
      var changed = bytes
      if random.next() % 2 == 0 {
        changed.removeLast(Int(random.next() % UInt64(bytes.count)))
      }
      let place = Int(random.next() % UInt64(max(changed.count, 1)))
      if !changed.isEmpty { changed[place] ^= UInt8(1 + random.next() % 255) }
      let code = resonetics_restore(handle.id, 0, changed, Int64(changed.count), nil, 0)
      #expect(code == resonetics_corrupt, "seed \(seed)")
    }
    #expect(handle.save(0) == bytes)
  }

  /// A state that was made up, with a digest that is right, does not make anything read outside of the grid.
  @Test(arguments: [(2, 501), (3, 6), (4, -1), (5, -1), (10, 1), (12, 7)])
  func statesThatCannotBeAreRefused(word: Int, value: Int) throws {
    let handle = try Handle(ClusterConfiguration(), count: 1)
    #expect(handle.reset([1]) == 0)
    let run = try Rollout(ClusterConfiguration(), keys: [1])
    var bytes = handle.save(0)
    for byte in 0..<8 { bytes[68 + 8 * word + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    let digest = StateDigest.of(Array(bytes.dropLast(8)))
    for byte in 0..<8 {
      bytes[bytes.count - 8 + byte] = UInt8(truncatingIfNeeded: digest >> UInt64(8 * byte))
    }
    #expect(resonetics_restore(handle.id, 0, bytes, Int64(bytes.count), nil, 0) == resonetics_corrupt)
    #expect(handle.message == "the saved state does not fit its configuration")
    #expect { try run.batch.restore(0, from: bytes) } throws: {
      "\($0)".contains("does not fit its configuration")
    }
  }
}

extension Int {
  fileprivate var code: Int32 { Int32(self) }
}

private func == (a: Int32, b: Int) -> Bool { Int(a) == b }
