extension World {
  /// Carries out actions 4 to 7 and returns what they add to the reward, in 1/1000 of a point.
  @inline(__always)
  func intervene(_ state: inout EpisodeState, _ cells: Cells, _ action: UInt8) -> Int {
    let k = constants
    let cell = state.row &* k.width &+ state.column
    switch action {
    case 4:
      guard pay(&state, k.cleanCost) else { return wasted(&state) }
      let memory = cells.memory[cell]
      let cpu = cells.cpu[cell]
      cells.memory[cell] = 0
      cells.cpu[cell] = lowered(cpu, k.cleanCPU)
      return k.cleanReward &+ judged(&state, memory: memory, cpu: cpu &- cells.cpu[cell])
    case 5:
      return scale(&state, cells)
    case 6:
      guard pay(&state, k.memoryCleanCost) else { return wasted(&state) }
      let memory = cells.memory[cell]
      cells.memory[cell] = 0
      return k.memoryCleanReward &+ judged(&state, memory: memory, cpu: 0)
    default:
      guard pay(&state, k.throttleCost) else { return wasted(&state) }
      let cpu = cells.cpu[cell]
      cells.cpu[cell] = lowered(cpu, k.throttleCPU)
      if cpu == 0 { state.wastedSteps &+= 1 } else { state.wastedSteps = 0 }
      return k.throttleReward
    }
  }

  @inline(__always)
  private func pay(_ state: inout EpisodeState, _ cost: Int) -> Bool {
    guard state.budget >= cost else { return false }
    state.budget &-= cost
    return true
  }

  @inline(__always)
  private func wasted(_ state: inout EpisodeState) -> Int {
    state.wastedSteps &+= 1
    return constants.wastedReward
  }

  /// What a cleaning that relieved too little costs beside its price.
  @inline(__always)
  private func judged(_ state: inout EpisodeState, memory: Int16, cpu: Int16) -> Int {
    let relief = Int(memory) &* 256 &+ Int(cpu) &* constants.reliefCPUWeight
    guard relief < constants.reliefLine else {
      state.wastedSteps = 0
      return 0
    }
    return wasted(&state)
  }

  /// Relieves the worst cells above the line: critical ones first, then by memory, then by place.
  private func scale(_ state: inout EpisodeState, _ cells: Cells) -> Int {
    let k = constants
    let affordable = min(k.scaleNodes, state.budget / k.scaleCost)
    var found = 0
    for cell in 0..<k.cells where affordable > 0 && cells.memory[cell] > k.scaleLine {
      let isCritical: UInt64 = cells.critical[cell] == 0 ? 0 : 1
      let rank = isCritical &<< 32 | UInt64(cells.memory[cell]) &<< 16 | UInt64(0xFFFF &- cell)
      var at = found
      if found == affordable {
        guard rank > worst[found &- 1] else { continue }
        at = found &- 1
      } else {
        found &+= 1
      }
      while at > 0, worst[at &- 1] < rank {
        worst[at] = worst[at &- 1]
        at &-= 1
      }
      worst[at] = rank
    }
    guard found > 0 else { return wasted(&state) }
    for i in 0..<found {
      let cell = 0xFFFF &- Int(worst[i] & 0xFFFF)
      cells.memory[cell] = lowered(cells.memory[cell], k.scaleMemory)
      cells.cpu[cell] = lowered(cells.cpu[cell], k.scaleCPU)
    }
    state.budget &-= found &* k.scaleCost
    state.wastedSteps = 0
    return found &* k.scaleReward
  }
}
