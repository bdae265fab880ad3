/// Those that wait: the highest priority first, then the first come; a line for each shape and priority.
struct ReplayLine {
  struct Waiting {
    var arrival: PreemptionReplay.Arrival
    var id: Int
    var since: Double
    /// When it may run again at the earliest.
    var notBefore = 0.0
  }

  private struct Kind: Hashable {
    var shape: PodShape
    var priority: Int
  }

  private var numbers: [Kind: Int] = [:]
  private var lines: [(kind: Kind, line: [Waiting])] = []

  mutating func insert(_ one: Waiting) {
    let kind = Kind(shape: one.arrival.shape, priority: one.arrival.priority)
    let number = numbers[kind] ?? lines.count
    if number == lines.count {
      numbers[kind] = number
      lines.append((kind, []))
    }
    let later = lines[number].line.lastIndex { $0.arrival.at <= one.arrival.at }
    lines[number].line.insert(one, at: later.map { $0 + 1 } ?? 0)
  }

  /// The first of those that may run and whose shape will do.
  func first(at now: Double, where fits: (PodShape) -> Bool) -> Waiting? {
    var best: Waiting?
    for (kind, line) in lines {
      guard let one = line.first(where: { $0.notBefore <= now }) else { continue }
      if let best, (best.arrival.priority, -best.arrival.at) >= (kind.priority, -one.arrival.at) { continue }
      if fits(kind.shape) { best = one }
    }
    return best
  }

  private func number(_ arrival: PreemptionReplay.Arrival) -> Int? {
    numbers[Kind(shape: arrival.shape, priority: arrival.priority)]
  }

  func find(_ arrival: PreemptionReplay.Arrival, _ id: Int, since: Double) -> Waiting? {
    number(arrival).flatMap { lines[$0].line.first { $0.id == id && $0.since == since } }
  }

  mutating func remove(_ one: Waiting) {
    guard let number = number(one.arrival) else { return }
    lines[number].line.removeAll { $0.id == one.id }
  }

  var all: [Waiting] { lines.flatMap(\.line) }
}

/// Events by time, a binary heap.
struct ReplayEvents {
  struct Event {
    var at: Double
    var id: Int
    var node: Int
    var startedAt: Double
  }

  private var heap: [Event] = []

  var next: Event? { heap.first }

  private static func isBefore(_ left: Event, _ right: Event) -> Bool {
    (left.at, left.id) < (right.at, right.id)
  }

  mutating func insert(_ event: Event) {
    heap.append(event)
    var child = heap.count - 1
    while child > 0, Self.isBefore(heap[child], heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeNext() {
    guard let last = heap.popLast(), !heap.isEmpty else { return }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if Self.isBefore(heap[child], heap[least]) { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
