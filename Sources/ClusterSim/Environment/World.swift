import CClusterSim

/// The rules of one configuration, with the scratch space that following them needs.
///
/// A world is shared by all environments of a batch; whoever makes it frees it.
struct World {
  /// The cells of one environment; `priority` is what is seen of `critical`.
  struct Cells {
    var channels: dslsim_cells
    var priority: UnsafeMutablePointer<Int16>
    var memory: UnsafeMutablePointer<Int16> { channels.memory }
    var cpu: UnsafeMutablePointer<Int16> { channels.cpu }
    var base: UnsafeMutablePointer<Int16> { channels.cpu + 2 * Int(channels.padded) }
    var leak: UnsafeMutablePointer<Int16> { channels.cpu + 3 * Int(channels.padded) }
    var critical: UnsafeMutablePointer<Int16> { channels.cpu + 4 * Int(channels.padded) }
  }

  /// Channels of an environment: CPU, memory, base, leak, critical, priority.
  static let channels = 6

  private let rules: UnsafeMutablePointer<FixedConstants>
  let physics: UnsafeMutablePointer<dslsim_constants>
  let exists: UnsafeMutablePointer<Int16>
  let places: UnsafeMutablePointer<UInt16>
  let worst: UnsafeMutablePointer<UInt64>

  init(_ constants: FixedConstants) {
    rules = .allocate(capacity: 1)
    rules.initialize(to: constants)
    physics = .allocate(capacity: 1)
    physics.initialize(to: constants.physics)
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
  var constants: FixedConstants { rules.pointee }

  func deallocate() {
    rules.deallocate()
    physics.deallocate()
    exists.deallocate()
    places.deallocate()
    worst.deallocate()
  }

  /// The cells that start at `slab`.
  @inline(__always)
  func cells(at slab: UnsafeMutablePointer<Int16>) -> Cells {
    let padded = constants.padded
    return Cells(
      channels: dslsim_cells(
        cpu: slab, memory: slab + padded, base: slab + 2 * padded, leak: slab + 3 * padded,
        critical: slab + 4 * padded, exists: exists, padded: Int32(padded)),
      priority: slab + 5 * padded)
  }

  /// Sums the cells up anew.
  func resum(_ state: inout EpisodeState, _ cells: Cells) {
    var channels = cells.channels
    dslsim_sum(&channels, physics, &state.sums)
  }
}
