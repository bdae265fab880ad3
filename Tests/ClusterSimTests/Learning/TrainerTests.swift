import DSLBase
import Testing

@testable import ClusterSim

@Suite struct TrainerTests {
  static func settings(_ view: View, _ approximation: Approximation, doubleQ: Bool) -> TrainingSettings {
    var made = TrainingSettings()
    (made.view, made.approximation, made.doubleQ) = (view, approximation, doubleQ)
    (made.episodes, made.checkpoints, made.validationEpisodes, made.seed) = (256, 2, 4, 4)
    return made
  }

  /// In another trainer, and stopped and resumed through bytes after any round, training gives the same bits.
  @Test(arguments: [
    (View.local, Approximation.table, false), (.globals, .tiles, true), (.memory, .tiles, false),
    (.full, .table, true),
  ])
  func trainingIsExactThroughAResume(view: View, approximation: Approximation, doubleQ: Bool) throws {
    let settings = Self.settings(view, approximation, doubleQ: doubleQ)
    var configuration = ClusterConfiguration(.storm, height: 4, width: 5)
    configuration.maxSteps = 60
    let whole = try Trainer(configuration, settings)
    while !whole.isDone { try whole.round() }
    var stopped = try Trainer(configuration, settings)
    while !stopped.isDone {
      try stopped.round()
      guard !stopped.isDone else { break }
      stopped = try Trainer(resuming: AgentSnapshot(stopped.snapshot.bytes, name: "a"))
    }
    #expect(stopped.snapshot.bytes == whole.snapshot.bytes)
    #expect(whole.values.all.contains { $0 != 0 } && whole.values.isFinite)
    #expect(whole.difficulties.contains { $0.level > 0 || $0.survivals > 0 } || view == .local)
    var other = settings
    other.seed = 5
    let second = try Trainer(configuration, other)
    while !second.isDone { try second.round() }
    #expect(second.snapshot.valuesDigest != whole.snapshot.valuesDigest)
  }

  /// One state, one rewarded action: values go where Q-learning says they go.
  @Test func valuesApproachTheReturn() throws {
    let coder = FeatureCoder(.tiles, .globals, height: 6, width: 6)
    let values = ActionValues(coder, sets: 2)
    let memory = LaneMemory(lanes: 2, n: 3, active: coder.active)
    let rows = UnsafeMutablePointer<Int32>.allocate(capacity: coder.active)
    defer { rows.deallocate() }
    coder.encode(Features(), into: rows)
    for step in 0..<5 { memory.put(1, step: step, rows, action: 3, reward: Float(step)) }
    // Steps 2, 3 and 4 are in the ring: 2 + 0.5·3 + 0.25·4 + 0.125·8.
    let gain = memory.gain(1, from: 2, count: 3, discount: 0.5, after: 8)
    #expect(gain == 5.5)
    for _ in 0..<200 {
      values.move(rows, 3, set: 1, toward: gain, stepSize: 0.4 / Float(coder.active))
    }
    #expect(abs(values.values(rows, set: 1)[3] - 5.5) < 1e-3)
    #expect(values.values(rows, set: 0) == SIMD8<Float>())
    #expect(ActionValues.best(values.values(rows)) == 3)
    for _ in 0..<300 { values.average(share: 0.1) }
    let mean = values.averages
    let summed = (0..<coder.active).reduce(Float(0)) { $0 + mean[Int(rows[$1]) * 8 + 3] }
    #expect(abs(summed - 5.5) < 1e-2)
  }

  /// Every situation has its own rows inside the table: none is out of bounds, and parts do not overlap.
  @Test(arguments: View.allCases)
  func rowsStayInside(view: View) {
    let seed: UInt64 = 51
    var random = SplitMix64(seed: seed)
    for approximation in Approximation.allCases {
      let coder = FeatureCoder(approximation, view, height: 64, width: 3)
      let rows = UnsafeMutablePointer<Int32>.allocate(capacity: coder.active)
      defer { rows.deallocate() }
      var largest: [Int32] = Array(repeating: -1, count: coder.active)
      var smallest: [Int32] = Array(repeating: .max, count: coder.active)
      for _ in 0..<20000 {
        func share() -> Float {
          [0, 1, Float.random(in: 0...1, using: &random)].randomElement(using: &random) ?? 0
        }
        var f = Features()
        (f.ownMemory, f.ownCPU, f.targetMemory) = (share(), share(), share())
        (f.budget, f.risk, f.hot) = (share(), share(), share())
        (f.isOwnCritical, f.isTargetCritical) = (Bool.random(using: &random), Bool.random(using: &random))
        f.targetMove = Int.random(in: -1...3, using: &random)
        f.searchMove = Int.random(in: -1...3, using: &random)
        f.targetDistance = Int.random(in: 0...64, using: &random)
        (f.row, f.column) = (Int.random(in: 0..<64, using: &random), Int.random(in: 0..<3, using: &random))
        coder.encode(f, into: rows)
        for j in 0..<coder.active {
          largest[j] = max(largest[j], rows[j])
          smallest[j] = min(smallest[j], rows[j])
        }
      }
      #expect(smallest[0] >= 0 && Int(largest[coder.active - 1]) < coder.rows, "seed \(seed)")
      for j in 1..<max(coder.active, 1) { #expect(largest[j - 1] < smallest[j], "part \(j), seed \(seed)") }
    }
  }

  @Test func refusesWhatCannotBeLearnedWith() throws {
    #expect { try TrainingSettings(json: ["discount": 1.5]) } throws: { "\($0)".contains("discount is 1.5") }
    #expect { try TrainingSettings(json: ["view": "all"]) } throws: {
      "\($0)".contains("local, globals, memory, full")
    }
    #expect { try TrainingSettings(json: ["discont": 1]) } throws: {
      "\($0)".contains("discont is no setting")
    }
    var settings = TrainingSettings(.reward)
    #expect(try TrainingSettings(json: settings.json) == settings)
    settings.stepSizeStart = .nan
    #expect { try Trainer(ClusterConfiguration(), settings) } throws: { "\($0)".contains("step_size_start") }
  }

  @Test func valuesThatRunAwayAreAnError() throws {
    var settings = Self.settings(.globals, .tiles, doubleQ: false)
    (settings.stepSizeStart, settings.stepSizeEnd, settings.discount, settings.fatalWeight) = (2, 2, 1, 1000)
    settings.nSteps = 1
    let trainer = try Trainer(ClusterConfiguration(.storm, height: 2, width: 2), settings)
    #expect { while !trainer.isDone { try trainer.round() } } throws: { "\($0)".contains("run away") }
  }

  /// A brief training beats the heuristic where the product is meant to: it lasts longer and fails less, on episodes that it never met.
  @Test func aBriefTrainingBeatsTheHeuristic() throws {
    var settings = TrainingSettings()
    (settings.seed, settings.episodes, settings.checkpoints) = (2, 3200, 2)
    var configuration = ClusterConfiguration()
    configuration.maxSteps = 200
    let trainer = try Trainer(configuration, settings)
    while !trainer.isDone { try trainer.round() }
    let keys = try KeySpace.evaluation.keys(seed: 9, count: 400)
    let runner = EpisodeRunner(configuration)
    let learned = try runner.run(trainer.policy, keys: keys)
    let difference = try PairedDifference([learned], less: [try runner.run(HeuristicPolicy(), keys: keys)])
    #expect(difference.steps.low > 0, "\(difference.steps)")
    #expect(difference.failures.high < 0, "\(difference.failures)")
  }
}
