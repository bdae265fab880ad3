import CClusterSim

extension World {
  /// Does one step of an episode that goes on and returns its reward in 1/1000 of a point.
  ///
  /// The order: action, budget, physics, cells out of memory, end.
  @inline(__always)
  func step(_ state: inout EpisodeState, _ cells: Cells, _ action: UInt8) -> Int {
    let k = constants
    var reward = k.uptimeReward
    if action < 4 {
      move(&state, action)
      state.wastedSteps = 0
    } else {
      reward &+= intervene(&state, cells, action)
    }
    state.budget = min(state.budget &+ k.recovery, k.budget)
    var channels = cells.channels
    dslsim_advance(&channels, physics, state.noiseKey, UInt32(truncatingIfNeeded: state.step), &state.sums)
    state.step &+= 1
    var isFatal = false
    if state.sums.worst == FixedConstants.full { isFatal = restart(&state, cells, &reward) }
    settle(&state, isFatal: isFatal, &reward)
    state.reward &+= reward
    return reward
  }

  @inline(__always)
  private func move(_ state: inout EpisodeState, _ action: UInt8) {
    let k = constants
    switch action {
    case 0: state.row = state.row == 0 ? k.height &- 1 : state.row &- 1
    case 1: state.row = state.row == k.height &- 1 ? 0 : state.row &+ 1
    case 2: state.column = state.column == 0 ? k.width &- 1 : state.column &- 1
    default: state.column = state.column == k.width &- 1 ? 0 : state.column &+ 1
    }
  }

  /// Restarts what is out of memory; a critical cell keeps what it has. Returns whether one was critical.
  @inline(never)
  private func restart(_ state: inout EpisodeState, _ cells: Cells, _ reward: inout Int) -> Bool {
    let k = constants
    var isFatal = false
    for cell in 0..<k.cells where cells.memory[cell] == FixedConstants.full {
      state.ooms += 1
      if cells.critical[cell] != 0 {
        isFatal = true
      } else {
        reward += k.oomReward
        cells.memory[cell] = k.restartMemory
        cells.cpu[cell] = raised(cells.cpu[cell], k.restartCPU)
      }
    }
    resum(&state, cells)
    return isFatal
  }

  /// Counts broke steps and says whether the episode is over.
  @inline(__always)
  private func settle(_ state: inout EpisodeState, isFatal: Bool, _ reward: inout Int) {
    let k = constants
    state.brokeSteps = state.budget < k.cheapest ? state.brokeSteps &+ 1 : 0
    if isFatal {
      state.cause = .criticalOOM
    } else if Int(state.sums.cpu) &+ Int(state.sums.memory) > k.collapseSum {
      state.cause = .collapse
    } else if k.oomLimit > 0, state.ooms >= k.oomLimit {
      state.cause = .oom
    } else if k.bankruptcySteps > 0, state.brokeSteps >= k.bankruptcySteps {
      state.cause = .bankruptcy
    } else if k.panicSteps > 0, state.wastedSteps >= k.panicSteps {
      state.cause = .panic
    } else if state.step >= k.maxSteps {
      state.cause = .timeLimit
      return
    } else {
      return
    }
    reward &+= k.fatalReward
  }

  @inline(__always)
  func raised(_ value: Int16, _ by: Int16) -> Int16 { value &+ min(by, FixedConstants.full &- value) }
  @inline(__always)
  func lowered(_ value: Int16, _ by: Int16) -> Int16 { value &- min(by, value) }
}
