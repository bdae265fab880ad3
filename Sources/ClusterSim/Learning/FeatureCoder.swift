/// Turns a situation into rows of a table of action values: one row for a table, six for tiles.
///
/// Edges of bins lie where something changes for an operator: near full, near broke.
struct FeatureCoder: Sendable {
  let approximation: Approximation
  /// Rows in all, and how many of them are active at once.
  let rows: Int
  let active: Int
  /// Bins of what a view may not have.
  private let budgets, risks, searches: Int
  private let height, width: Int
  /// Places are told apart on a grid of at most so many rows and columns.
  private static let places = 8
  /// How far the bins of the second conjunction are moved.
  private static let offset: Float = 0.04

  init(_ approximation: Approximation, _ view: View, height: Int, width: Int) {
    self.approximation = approximation
    (self.height, self.width) = (height, width)
    (budgets, risks) = view == .local ? (1, 1) : (3, 5)
    searches = view == .memory ? 5 : 1
    let whole = 6 * 3 * 5 * 4 * 2 * budgets * risks * searches
    switch approximation {
    case .table: (rows, active) = (whole, 1)
    case .tiles:
      let parts = [
        whole, whole, Self.places * Self.places * 4 * searches, Self.globals, Self.own, Self.target,
      ]
      (rows, active) = (parts.reduce(0, +), parts.count)
    }
  }

  private static let globals = 16 * 8 * 4 * 4
  private static let own = 16 * 8 * 2 * 5
  private static let target = 5 * 8 * 8 * 2 * 4

  /// Writes the active rows.
  @inline(__always)
  func encode(_ f: Features, into out: UnsafeMutablePointer<Int32>) {
    let level = Self.bin(f.targetMemory, 0.6, 0.75, 0.88)
    out[0] = Int32(truncatingIfNeeded: everything(f, moved: 0))
    guard approximation == .tiles else { return }
    var base = 6 * 3 * 5 * 4 * 2 * budgets * risks * searches
    out[1] = Int32(truncatingIfNeeded: base &+ everything(f, moved: Self.offset))
    base &*= 2
    let row = height > Self.places ? f.row &* Self.places / height : f.row
    let column = width > Self.places ? f.column &* Self.places / width : f.column
    let place = (row &* Self.places &+ column) &* 4 &+ level
    out[2] = Int32(truncatingIfNeeded: base &+ place &* searches &+ search(f))
    base &+= Self.places &* Self.places &* 4 &* searches
    let risk = Self.even((f.risk - 0.6) * 2.5, 16) &* 8 &+ Self.even(f.budget, 8)
    out[3] = Int32(truncatingIfNeeded: base &+ (risk &* 4 &+ Self.even(f.hot * 3, 4)) &* 4 &+ level)
    base &+= Self.globals
    let own = (Self.even(f.ownMemory, 16) &* 8 &+ Self.even(f.ownCPU, 8)) &* 2 &+ (f.isOwnCritical ? 1 : 0)
    out[4] = Int32(truncatingIfNeeded: base &+ own &* 5 &+ (level == 0 ? 0 : f.targetMove &+ 1))
    base &+= Self.own
    let way = (f.targetMove &+ 1) &* 8 &+ min(f.targetDistance, 7)
    let need = (way &* 8 &+ Self.even((f.targetMemory - 0.5) * 2, 8)) &* 2 &+ (f.isTargetCritical ? 1 : 0)
    out[5] = Int32(truncatingIfNeeded: base &+ need &* 4 &+ Self.bin(f.ownMemory, 0.5, 0.7, 0.85))
  }

  /// All features at once, coarsely.
  @inline(__always)
  private func everything(_ f: Features, moved d: Float) -> Int {
    let high = f.ownMemory > 0.9 + d ? 1 : 0
    let own =
      Self.bin(f.ownMemory, 0.25 + 2 * d, 0.5 + 2 * d, 0.65 + d) &+ (f.ownMemory > 0.8 + d ? 1 : 0) &+ high
    let cpu = (f.ownCPU > 0.3 + 2 * d ? 1 : 0) &+ (f.ownCPU > 0.6 + 2 * d ? 1 : 0)
    let level = Self.bin(f.targetMemory, 0.6 + d, 0.75 + d, 0.88 + d)
    var row = (own &* 3 &+ cpu) &* 5 &+ (level == 0 ? 0 : f.targetMove &+ 1)
    row = (row &* 4 &+ level) &* 2 &+ (f.isOwnCritical ? 1 : 0)
    if budgets > 1 {
      let budget = (f.budget > 0.3 + 2 * d ? 1 : 0) &+ (f.budget > 0.7 + 2 * d ? 1 : 0)
      let risk = Self.bin(f.risk, 0.7 + d, 0.8 + d, 0.9 + d / 2) &+ (f.risk > 0.96 + d / 2 ? 1 : 0)
      row = (row &* 3 &+ budget) &* 5 &+ risk
    }
    return row &* searches &+ search(f)
  }

  @inline(__always)
  private func search(_ f: Features) -> Int { searches > 1 ? f.searchMove &+ 1 : 0 }

  /// How many edges lie below.
  @inline(__always)
  private static func bin(_ x: Float, _ a: Float, _ b: Float, _ c: Float) -> Int {
    (x > a ? 1 : 0) &+ (x > b ? 1 : 0) &+ (x > c ? 1 : 0)
  }

  /// Bins of the same width from 0 to 1; what lies outside falls into the outermost.
  @inline(__always)
  private static func even(_ x: Float, _ count: Int) -> Int {
    max(0, min(Int(x * Float(count)), count &- 1))
  }
}
