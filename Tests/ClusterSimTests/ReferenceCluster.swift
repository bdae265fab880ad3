import CClusterSim

@testable import ClusterSim

/// The rules of `docs/simulator.md` in plain whole numbers, one cell at a time, as a reader would write them down.
struct ReferenceCluster {
  struct Cell: Equatable {
    var cpu = 0
    var memory = 0
    var base = 0
    var leak = 0
    var isCritical = false
    var priority = 0
  }

  let k: FixedConstants
  let key: UInt64
  var cells: [Cell]
  var (row, column, step, budget, ooms, broke, wasted) = (0, 0, 0, 0, 0, 0, 0)
  var cause = EndCause.none

  init(_ configuration: ClusterConfiguration, key: UInt64, level: Int = 0) {
    k = FixedConstants(configuration)
    self.key = key
    budget = k.budget
    cells = []
    for number in 0..<k.cells {
      let draw = Self.words(key, 0, number, 1)
      var cell = Cell()
      cell.base = k.baseLow + draw[0] * (k.baseHigh - k.baseLow) / 4_294_967_296
      cell.cpu = cell.base
      cell.memory = draw[2] * k.initialMemory / 4_294_967_296
      cell.priority = draw[3] % 2 == 0 ? 3277 : 8192
      cell.leak = leak(draw[1], 256, level)
      cells.append(cell)
    }
    for number in chosen(k.criticalCells, 0) {
      (cells[number].isCritical, cells[number].priority) = (true, 16384)
    }
    for number in chosen(k.hotCells, 1) {
      cells[number].memory =
        k.hotLow + Self.words(key, 0, number, 1)[2] * (k.hotHigh - k.hotLow) / 4_294_967_296
    }
    for number in chosen(k.leakers, 2) {
      cells[number].leak = leak(Self.words(key, 0, number, 1)[1], k.leakerFactor, level)
    }
    let place = Self.words(key, 3, 0, 2)[0] * k.cells / 4_294_967_296
    (row, column) = (place / k.width, place % k.width)
  }

  private static func words(_ key: UInt64, _ step: Int, _ index: Int, _ stream: UInt32) -> [Int] {
    let counter = SIMD4<UInt32>(UInt32(index), UInt32(step), stream, 0)
    let block = Philox.block(counter, key: (UInt32(key % 4_294_967_296), UInt32(key / 4_294_967_296)))
    return (0..<4).map { Int(block[$0]) }
  }

  private func leak(_ draw: Int, _ factor: Int, _ level: Int) -> Int {
    let jittered = k.leak * (32768 + draw / 65536) / 65536
    return min(jittered * factor * (256 + level * k.difficultyLeak) / 4_294_967_296, 4095)
  }

  private func chosen(_ count: Int, _ what: Int) -> [Int] {
    var places = Array(0..<k.cells)
    for i in 0..<count {
      let word = Self.words(key, what, i / 4, 2)[i % 4]
      places.swapAt(i, i + word * (k.cells - i) / 4_294_967_296)
    }
    return Array(places.prefix(count))
  }

  /// One step; the reward in thousandths.
  mutating func act(_ action: Int) -> Int {
    var reward = k.uptimeReward
    let own = row * k.width + column
    switch action {
    case 0: row = (row + k.height - 1) % k.height
    case 1: row = (row + 1) % k.height
    case 2: column = (column + k.width - 1) % k.width
    case 3: column = (column + 1) % k.width
    case 5: reward += scale()
    default: reward += treat(own, action)
    }
    if action < 4 { wasted = 0 }
    budget = min(budget + k.recovery, k.budget)
    for number in cells.indices { advance(number) }
    step += 1
    var isFatal = false
    for number in cells.indices where cells[number].memory == 32767 {
      ooms += 1
      if cells[number].isCritical {
        isFatal = true
      } else {
        reward += k.oomReward
        cells[number].memory = Int(k.restartMemory)
        cells[number].cpu = min(cells[number].cpu + Int(k.restartCPU), 32767)
      }
    }
    broke = budget < k.cheapest ? broke + 1 : 0
    let load = cells.reduce(0) { $0 + $1.cpu + $1.memory }
    let failures: [(Bool, EndCause)] = [
      (isFatal, .criticalOOM), (load > k.collapseSum, .collapse),
      (k.oomLimit > 0 && ooms >= k.oomLimit, .oom),
      (k.bankruptcySteps > 0 && broke >= k.bankruptcySteps, .bankruptcy),
      (k.panicSteps > 0 && wasted >= k.panicSteps, .panic), (step >= k.maxSteps, .timeLimit),
    ]
    cause = failures.first { $0.0 }?.1 ?? .none
    return reward + (cause.isFailure ? k.fatalReward : 0)
  }

  private mutating func treat(_ own: Int, _ action: Int) -> Int {
    let cost = [4: k.cleanCost, 6: k.memoryCleanCost, 7: k.throttleCost][action] ?? 0
    guard budget >= cost else {
      wasted += 1
      return k.wastedReward
    }
    budget -= cost
    let before = cells[own]
    if action != 7 { cells[own].memory = 0 }
    if action == 4 { cells[own].cpu = max(before.cpu - Int(k.cleanCPU), 0) }
    if action == 7 {
      cells[own].cpu = max(before.cpu - Int(k.throttleCPU), 0)
      wasted = before.cpu == 0 ? wasted + 1 : 0
      return k.throttleReward
    }
    let relief = 256 * before.memory + (before.cpu - cells[own].cpu) * k.reliefCPUWeight
    wasted = relief < k.reliefLine ? wasted + 1 : 0
    return (action == 4 ? k.cleanReward : k.memoryCleanReward) + (relief < k.reliefLine ? k.wastedReward : 0)
  }

  private mutating func scale() -> Int {
    let affordable = min(k.scaleNodes, budget / k.scaleCost)
    let ranked = cells.indices.filter { cells[$0].memory > k.scaleLine }.sorted {
      let (a, b) = (cells[$0], cells[$1])
      if a.isCritical != b.isCritical { return a.isCritical }
      return a.memory != b.memory ? a.memory > b.memory : $0 < $1
    }
    let relieved = ranked.prefix(affordable)
    guard !relieved.isEmpty else {
      wasted += 1
      return k.wastedReward
    }
    for number in relieved {
      cells[number].memory = max(cells[number].memory - Int(k.scaleMemory), 0)
      cells[number].cpu = max(cells[number].cpu - Int(k.scaleCPU), 0)
    }
    budget -= relieved.count * k.scaleCost
    wasted = 0
    return relieved.count * k.scaleReward
  }

  private mutating func advance(_ number: Int) {
    func floored(_ value: Int, _ divisor: Int) -> Int {
      Int((Double(value) / Double(divisor)).rounded(.down))
    }
    func signed(_ value: Int) -> Int { value < 32768 ? value : value - 65536 }
    let (group, place) = (number / 64, number % 64)
    let word = Self.words(key, step, 8 * group + place % 32 / 4, 0)[place / 32 * 2 + place % 4 / 2]
    let draw = place % 2 == 0 ? word % 65536 : word / 65536
    var cell = cells[number]
    let p = k.physics
    var change = floored((cell.base - cell.cpu) * Int(p.reversion), 65536)
    change += floored(signed(draw) * Int(p.noise), 65536)
    if signed(draw * 0x6C8F % 65536) < Int(p.burst_below) { change += Int(p.burst) }
    let coupled = cell.cpu * Int(p.coupling) / 65536
    let drive = cell.leak + 4 * cell.leak * coupled / 65536
    let drift = (drive / 2 + 2 * drive * (draw * 0x9E37 % 65536 / 2) / 65536 + 8) / 16
    cell.cpu = max(min(cell.cpu + change, 32767), 0)
    cell.memory = min(cell.memory + drift, 32767)
    cells[number] = cell
  }

  /// The 35 floats.
  var observation: [Float] {
    var out: [Float] = []
    for y in -1...1 {
      for x in -1...1 {
        let at = (row + y + k.height) % k.height * k.width + (column + x + k.width) % k.width
        out += [
          Float(cells[at].cpu) / 32768, Float(cells[at].memory) / 32768, Float(cells[at].priority) / 16384,
        ]
      }
    }
    let all = Float(k.cells * 32768)
    out += [Float(row) / Float(k.height), Float(column) / Float(k.width), Float(budget) / Float(k.budget)]
    out += [Float(cells.reduce(0) { $0 + $1.cpu }) / all, Float(cells.reduce(0) { $0 + $1.memory }) / all]
    let hot = cells.count { max($0.cpu, $0.memory) > Int(k.physics.hot_line) }
    let risk = cells.filter(\.isCritical).map(\.memory).max() ?? 0
    return out + [Float(hot) / Float(k.cells), Float(step) / Float(k.maxSteps), Float(risk) / 32768]
  }
}
