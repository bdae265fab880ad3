extension World {
  private enum Places: UInt32 {
    case critical = 0
    case hot = 1
    case leaking = 2
    case agent = 3
  }

  /// Starts the episode of a key at a level of difficulty.
  func start(_ state: inout EpisodeState, _ cells: Cells, key: UInt64, level: Int, survivals: Int) {
    let k = constants
    let last = state.cause
    state = EpisodeState()
    (state.key, state.noiseKey, state.lastCause) = (key, key, last)
    (state.level, state.survivals, state.budget) = (level, survivals, k.budget)
    let draw = Philox.block(key: key, step: Places.agent.rawValue, index: 0, stream: .places)
    let corner = scaled(draw[0], k.cells)
    (state.row, state.column) = (corner / k.width, corner % k.width)
    for cell in 0..<k.cells { startCell(cell, cells, key: key, level: level) }
    choose(k.criticalCells, key, .critical)
    for i in 0..<k.criticalCells {
      cells.critical[Int(places[i])] = -1
      cells.priority[Int(places[i])] = FixedConstants.priorities.2
    }
    choose(k.hotCells, key, .hot)
    for i in 0..<k.hotCells {
      let cell = Int(places[i])
      let draw = Philox.block(key: key, step: 0, index: UInt32(cell), stream: .start)[2]
      cells.memory[cell] = Int16(k.hotLow + scaled(draw, k.hotHigh - k.hotLow))
    }
    choose(k.leakers, key, .leaking)
    for i in 0..<k.leakers { setLeak(Int(places[i]), cells, key: key, level: level, factor: k.leakerFactor) }
    resum(&state, cells)
  }

  private func startCell(_ cell: Int, _ cells: Cells, key: UInt64, level: Int) {
    let k = constants
    let draw = Philox.block(key: key, step: 0, index: UInt32(cell), stream: .start)
    let base = Int16(k.baseLow + scaled(draw[0], k.baseHigh - k.baseLow))
    cells.cpu[cell] = base
    cells.base[cell] = base
    cells.memory[cell] = Int16(scaled(draw[2], k.initialMemory))
    cells.critical[cell] = 0
    cells.priority[cell] =
      draw[3] & 1 == 0 ? FixedConstants.priorities.0 : FixedConstants.priorities.1
    setLeak(cell, cells, draw: draw[1], level: level, factor: 256)
  }

  private func setLeak(_ cell: Int, _ cells: Cells, key: UInt64, level: Int, factor: Int) {
    let draw = Philox.block(key: key, step: 0, index: UInt32(cell), stream: .start)[1]
    setLeak(cell, cells, draw: draw, level: level, factor: factor)
  }

  /// leak · (0.5 + U) · factor · (1 + level · difficulty), in 64-bit integers.
  private func setLeak(_ cell: Int, _ cells: Cells, draw: UInt32, level: Int, factor: Int) {
    let jittered = (constants.leak * (32768 + Int(draw >> 16))) >> 16
    let whole = (jittered * factor * (256 + level * constants.difficultyLeak)) >> 32
    cells.leak[cell] = Int16(min(whole, FixedConstants.largestLeak))
  }

  /// Puts `count` different cells at the front of `places`: the first steps of a Fisher-Yates shuffle.
  private func choose(_ count: Int, _ key: UInt64, _ what: Places) {
    for i in 0..<constants.cells { places[i] = UInt16(i) }
    var block = SIMD4<UInt32>()
    for i in 0..<count {
      if i % 4 == 0 {
        block = Philox.block(key: key, step: what.rawValue, index: UInt32(i / 4), stream: .places)
      }
      let j = i + scaled(block[i % 4], constants.cells - i)
      (places[i], places[j]) = (places[j], places[i])
    }
  }

  /// A whole number from 0 up to but not including `range`: the high half of a 64-bit product. 0 where the range is empty.
  private func scaled(_ draw: UInt32, _ range: Int) -> Int { (Int(draw) * range) >> 32 }
}
