import DSLBase

/// What a signal usually is at this hour of the day, or of the week.
///
/// Each clock hour (UTC) leaves its median behind; the expectation is the median of what the same hours of earlier periods
/// left, interpolated between the middles of the hours.
struct SeasonalProfile: Sendable, Equatable {
  private static let hour: Int64 = 3_600_000_000_000
  /// Periods needed before the profile says anything.
  static let enough = 3

  /// Hours in a period: 24 or 168.
  let hours: Int
  /// Periods remembered.
  let depth: Int
  /// For each hour of the period the medians of the last periods, oldest first.
  private(set) var slots: [[Double]]
  /// The hour that is going on, counted from 1970, and its values.
  private(set) var current: Int64?
  private(set) var values: [Double] = []

  init(hours: Int, depth: Int) {
    self.hours = hours
    self.depth = depth
    slots = Array(repeating: [], count: hours)
  }

  /// A profile as it was.
  init(hours: Int, depth: Int, slots: [[Double]], current: Int64?, values: [Double]) {
    self.init(hours: hours, depth: depth)
    self.slots = slots
    self.current = current
    self.values = values
  }

  /// The expectation at a time; `nil` without enough history.
  func expectation(at time: Timestamp) -> Double? {
    // Half an hour back: the middles of the hours are where their medians hold.
    let (hour, rest) = Self.divide(time.nanoseconds - Self.hour / 2)
    let share = Double(rest) / Double(Self.hour)
    switch (median(hour), median(hour + 1)) {
    case (let before?, let after?): return before + share * (after - before)
    case (let before?, nil): return before
    case (nil, let after?): return after
    case (nil, nil): return nil
    }
  }

  /// Takes a value in. At most 64 of an hour are kept, the newest.
  mutating func observe(_ value: Double, at time: Timestamp) {
    let hour = Self.divide(time.nanoseconds).hour
    if let current, current != hour {
      let slot = place(current)
      if let median = SlidingOrder(capacity: 64, values: values).median { slots[slot].append(median) }
      if slots[slot].count > depth { slots[slot].removeFirst() }
      values = []
    }
    current = hour
    values.append(value)
    if values.count > 64 { values.removeFirst() }
  }

  private func median(_ hour: Int64) -> Double? {
    let slot = slots[place(hour)]
    return slot.count >= Self.enough ? SlidingOrder(capacity: depth, values: slot).median : nil
  }

  private func place(_ hour: Int64) -> Int {
    let place = Int(hour % Int64(hours))
    return place < 0 ? place + hours : place
  }

  private static func divide(_ nanoseconds: Int64) -> (hour: Int64, rest: Int64) {
    let rest = ((nanoseconds % hour) + hour) % hour
    return ((nanoseconds - rest) / hour, rest)
  }
}
