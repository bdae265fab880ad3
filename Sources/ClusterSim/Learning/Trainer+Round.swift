/// What applies to all steps of a round.
struct Schedule {
  /// Already shared among the active rows.
  let stepSize: Float
  let discount: Float
  /// An action is random where a 32-bit draw lies below this.
  let exploration: UInt32
  /// What a cell out of memory and a failure add in training, in points.
  let oomExtra, fatalExtra: Float

  init(_ settings: TrainingSettings, episodesDone: Int, active: Int, _ world: World) {
    let progress = Double(episodesDone) / Double(settings.episodes)
    let size = settings.stepSizeStart + (settings.stepSizeEnd - settings.stepSizeStart) * progress
    stepSize = Float(size) / Float(active)
    discount = Float(settings.discount)
    let annealed = min(progress / settings.explorationShare, 1)
    let share =
      settings.explorationStart + (settings.explorationEnd - settings.explorationStart) * annealed
    exploration = UInt32(min(share * 4_294_967_296, 4_294_967_295))
    oomExtra = Float(settings.oomWeight - 1) * Float(world.constants.oomReward) / 1000
    fatalExtra = Float(settings.fatalWeight - 1) * Float(world.constants.fatalReward) / 1000
  }
}

extension Trainer {
  /// Plays an episode in every lane to its end, learning on the way. Lanes take turns in a fixed order.
  func play(_ keys: [UInt64], _ schedule: Schedule) {
    for i in 0..<Self.lanes {
      table.start(i, key: keys[i], level: difficulties[i].level, survivals: difficulties[i].survivals)
      reader.begin(i)
    }
    var live = Self.lanes
    while live > 0 {
      live = 0
      for i in 0..<Self.lanes where !table.isOver(i) {
        advance(i, schedule)
        if !table.isOver(i) { live += 1 }
      }
    }
    for i in 0..<Self.lanes {
      let next = table.batch.world.nextDifficulty(after: table.batch.states[i])
      difficulties[i] = Difficulty(level: next.level, survivals: next.survivals)
    }
  }

  /// One step of a lane: learn from what lies `n` steps back, act, keep what came of it.
  @inline(__always)
  private func advance(_ i: Int, _ schedule: Schedule) {
    let sight = table.sight(i)
    let step = sight.step
    let n = memory.n
    values.coder.encode(reader.read(i, sight), into: now)
    let draw = policyDraw(sight.key, step: step, seed: 1)
    let set = values.sets == 1 ? 0 : Int(draw[2] >> 31)
    if step >= n { learn(i, from: step &- n, count: n, after: outlook(set), set, schedule) }
    let greedy = ActionValues.best(values.values(now))
    let action = draw[0] < schedule.exploration ? UInt8(draw[1] >> 29) : UInt8(truncatingIfNeeded: greedy)
    let before = sight.episode.pointee.ooms
    var reward = Float(table.step(i, action)) / 1000
    let after = sight.episode.pointee
    reward += Float(after.ooms &- before) * schedule.oomExtra
    if after.cause.isFailure { reward += schedule.fatalExtra }
    memory.put(i, step: step, now, action: action, reward: reward)
    stepsDone &+= 1
    guard after.cause != .none else { return }
    // The time limit ends the episode, not the cluster: what would come is still worth something.
    var end: Float = 0
    if after.cause == .timeLimit {
      values.coder.encode(reader.read(i, sight), into: now)
      end = outlook(set)
    }
    for from in max(0, step &+ 1 &- n)...step {
      learn(i, from: from, count: step &+ 1 &- from, after: end, set, schedule)
    }
  }

  /// What the present situation is worth to a set of values. With two sets one chooses the action and the other says what it is
  /// worth.
  @inline(__always)
  private func outlook(_ set: Int) -> Float {
    let own = values.values(now, set: set)
    let action = ActionValues.best(own)
    return values.sets == 1 ? own[action] : values.values(now, set: 1 &- set)[action]
  }

  @inline(__always)
  private func learn(_ i: Int, from: Int, count: Int, after: Float, _ set: Int, _ schedule: Schedule) {
    let target = memory.gain(i, from: from, count: count, discount: schedule.discount, after: after)
    let (rows, action) = memory.situation(i, step: from)
    values.move(rows, action, set: set, toward: target, stepSize: schedule.stepSize)
  }
}
