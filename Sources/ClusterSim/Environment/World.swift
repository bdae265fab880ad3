import CClusterSim

/// The rules of one configuration, with the scratch space that following them needs. The rules themselves are in C, shared
/// with whoever else simulates.
///
/// A world is shared by all environments of a batch; whoever makes it frees it.
struct World {
  /// The channels of one environment; `priority` is what is seen of `critical`.
  struct Cells {
    let cpu: UnsafeMutablePointer<Int16>
    let padded: Int
    var memory: UnsafeMutablePointer<Int16> { cpu + padded }
    var base: UnsafeMutablePointer<Int16> { cpu + 2 * padded }
    var leak: UnsafeMutablePointer<Int16> { cpu + 3 * padded }
    var critical: UnsafeMutablePointer<Int16> { cpu + 4 * padded }
    var priority: UnsafeMutablePointer<Int16> { cpu + 5 * padded }
  }

  /// Channels of an environment: CPU, memory, base, leak, critical, priority.
  static let channels = dslsim_channels

  private let rules: UnsafeMutablePointer<dslsim_rules>
  private let fixed: UnsafeMutablePointer<FixedConstants>
  private let exists: UnsafeMutablePointer<Int16>
  private let places: UnsafeMutablePointer<UInt16>
  private let worst: UnsafeMutablePointer<UInt64>

  init(_ configuration: ClusterConfiguration) {
    rules = .allocate(capacity: 1)
    rules.initialize(to: FixedConstants.rules(configuration))
    let constants = FixedConstants(rules.pointee)
    fixed = .allocate(capacity: 1)
    fixed.initialize(to: constants)
    exists = .allocate(capacity: constants.padded)
    exists.initialize(repeating: 0, count: constants.padded)
    exists.update(repeating: -1, count: constants.cells)
    places = .allocate(capacity: constants.cells)
    places.initialize(repeating: 0, count: constants.cells)
    worst = .allocate(capacity: constants.scaleNodes)
    worst.initialize(repeating: 0, count: constants.scaleNodes)
  }

  /// The constants in the units of the state; behind a pointer, because a world is passed by value.
  @inline(__always)
  var constants: FixedConstants { fixed.pointee }

  func deallocate() {
    rules.deallocate()
    fixed.deallocate()
    exists.deallocate()
    places.deallocate()
    worst.deallocate()
  }

  /// The cells that start at `slab`.
  @inline(__always)
  func cells(at slab: UnsafeMutablePointer<Int16>) -> Cells { Cells(cpu: slab, padded: fixed.pointee.padded) }

  /// Starts the episode of a key at a level of difficulty.
  func start(_ state: inout EpisodeState, _ cells: Cells, key: UInt64, level: Int, survivals: Int) {
    dslsim_start(rules, &state.raw, cells.cpu, exists, places, key, Int64(level), Int64(survivals))
  }

  /// Does one step of an episode that goes on and returns its reward in 1/1000 of a point.
  ///
  /// The order: action, budget, physics, cells out of memory, end.
  @inline(__always)
  func step(_ state: inout EpisodeState, _ cells: Cells, _ action: UInt8) -> Int {
    Int(dslsim_step(rules, &state.raw, cells.cpu, exists, worst, action))
  }

  /// Writes what the agent sees. The state comes by its place: a copy of it is a tenth of a step.
  @inline(__always)
  func observe(_ state: inout EpisodeState, _ cells: Cells, _ out: UnsafeMutablePointer<Float>) {
    dslsim_observe(rules, &state.raw, cells.cpu, out)
  }

  /// Sums the cells up anew.
  func resum(_ state: inout EpisodeState, _ cells: Cells) {
    var channels = dslsim_cells_at(rules, cells.cpu, exists)
    dslsim_sum(&channels, &rules.pointee.physics, &state.raw.sums)
  }

  /// Whether a state that came from outside lies within the rules.
  func fits(_ state: EpisodeState) -> Bool {
    withUnsafePointer(to: state.raw) { dslsim_fits(rules, $0) != 0 }
  }

  /// The level and the survivals in a row of the episode after this one: a level up after so many survivals, one down after a failure.
  func nextDifficulty(after state: EpisodeState) -> (level: Int, survivals: Int) {
    var (level, survivals) = (Int64(), Int64())
    withUnsafePointer(to: state.raw) { dslsim_next_difficulty(rules, $0, &level, &survivals) }
    return (Int(level), Int(survivals))
  }
}
