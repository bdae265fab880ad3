import DSLBase

/// Replays arrivals and departures of a trace on a fleet that is too small for all of them: what waits, who goes for whom,
/// and how much work is lost by it.
///
/// A pod that fits is placed by the policy. One of high priority that does not fit takes the place of others of lower priority, by
/// the rule; if that does not help it waits, as do all others. Whoever had to go waits too, and begins anew. When something ends,
/// those that wait are tried, the highest priority first, then the first come.
package struct PreemptionReplay: Sendable {
  /// A pod of the replay.
  package struct Arrival: Sendable, Equatable {
    package var shape: PodShape
    package var priority: Int
    /// Seconds since the replay began.
    package var at: Double
    /// Seconds that it runs when it is left alone.
    package var seconds: Double

    package init(shape: PodShape, priority: Int, at: Double, seconds: Double) {
      self.shape = shape
      self.priority = priority
      self.at = at
      self.seconds = seconds
    }
  }

  /// What came of it.
  package struct Outcome: Sendable, Equatable {
    package var pods = 0
    /// Pods that had to go, each as often as it had to.
    package var victims = 0
    package var preemptions = 0
    /// GPU-hours of work that was thrown away.
    package var lostGPUHours = 0.0
    /// GPU-hours of work of high priority that was asked for and had no place: GPUs times time waited.
    package var highWaitGPUHours = 0.0
    /// The same of all others.
    package var lowWaitGPUHours = 0.0
    /// GPU-hours of work done, by high priority and by others, lost work left out.
    package var highGPUHours = 0.0
    package var lowGPUHours = 0.0

    package init() {}
  }

  /// Priorities from here on take the place of others.
  package static var high: Int { 1000 }

  package let fleet: [NodeCapacity]
  package let arrivals: [Arrival]

  package init(fleet: [NodeCapacity], arrivals: [Arrival]) {
    self.fleet = fleet
    self.arrivals = arrivals
  }

  /// Copies of a trace's pods, each at a random time of the trace's span with the life that it had there, and as many of the
  /// trace's nodes, drawn at random, as make their mean demand the given share of the GPUs.
  ///
  /// The trace as recorded asks for a few dozen of 6,212 GPUs at any time, so that nothing would ever have to wait.
  ///
  /// - Parameters:
  ///   - copies: of each pod.
  ///   - load: mean demand by GPUs of the fleet.
  package init(_ trace: OpenbTrace, copies: Int, load: Double, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let span = Double(trace.pods.compactMap(\.lifetime?.upperBound).max() ?? 1)
    var (arrivals, work): ([Arrival], Double) = ([], 0)
    for pod in trace.pods {
      guard let life = pod.lifetime, pod.shape.gpuCount > 0, life.count > 0 else { continue }
      for _ in 0..<copies {
        let at = Double.random(in: 0..<span, using: &random)
        let seconds = Double(life.count)
        arrivals.append(Arrival(shape: pod.shape, priority: Self.priority(pod.qos), at: at, seconds: seconds))
        work += Double(pod.shape.totalGPUMilli) / 1000 * min(seconds, span - at)
      }
    }
    let wanted = work / span / load
    var (fleet, gpus) = ([NodeCapacity](), 0)
    for node in trace.nodes.shuffled(using: &random) where Double(gpus) < wanted {
      fleet.append(node)
      gpus += Int(node.gpuCount)
    }
    self.fleet = fleet
    // What fits on no node of so small a fleet would wait for ever under any rule.
    let empty = FleetState(fleet)
    var possible: [PodShape: Bool] = [:]
    self.arrivals = arrivals.filter { arrival in
      if let known = possible[arrival.shape] { return known }
      let fits = fleet.indices.contains { empty.fits(arrival.shape, on: $0) }
      possible[arrival.shape] = fits
      return fits
    }.sorted { $0.at < $1.at }
  }

  /// Latency-sensitive and guaranteed pods are high, burstable ones above best-effort ones.
  private static func priority(_ qos: String?) -> Int {
    switch qos {
    case "LS", "Guaranteed": high
    case "Burstable": 500
    default: 0
    }
  }

  /// Runs it to the last arrival.
  ///
  /// - Parameter backOff: seconds that a pod which had to go for the first time waits at least; twice as long with every further
  ///   time, at most a day.
  package func run(_ policy: some PlacementPolicy, _ rule: VictimRule, backOff: Double = 0) -> Outcome {
    var turn = Turn(Placer(FleetState(fleet), policy), rule, backOff: backOff)
    for (id, arrival) in arrivals.enumerated() {
      turn.advance(to: arrival.at)
      turn.arrive(arrival, id)
    }
    turn.end()
    return turn.outcome
  }
}

/// A replay under way.
private struct Turn<Policy: PlacementPolicy> {
  typealias Arrival = PreemptionReplay.Arrival

  private(set) var outcome = PreemptionReplay.Outcome()
  private var placer: Placer<Policy>
  private let rule: VictimRule
  private var now = 0.0
  /// By node.
  private var running: [[RunningPod]]
  private var known: [Int: Arrival] = [:]
  /// Ends, the next one last.
  private var ends = ReplayEvents()
  private var waiting = ReplayLine()

  /// How often a pod had to go.
  private var evictions: [Int: Int] = [:]
  private let backOff: Double

  init(_ placer: Placer<Policy>, _ rule: VictimRule, backOff: Double) {
    self.placer = placer
    self.backOff = backOff
    self.rule = rule
    running = Array(repeating: [], count: placer.state.nodeCount)
  }

  mutating func arrive(_ arrival: Arrival, _ id: Int) {
    outcome.pods += 1
    known[id] = arrival
    if start(arrival, id) || preempt(for: arrival, id) { return }
    waiting.insert(.init(arrival: arrival, id: id, since: now))
  }

  private mutating func start(_ arrival: Arrival, _ id: Int) -> Bool {
    guard let place = placer.place(arrival.shape) else { return false }
    running[Int(place.node)].append(
      RunningPod(
        id: id, shape: arrival.shape, priority: arrival.priority, startedAt: now, place: place))
    ends.insert(ReplayEvents.Event(at: now + arrival.seconds, id: id, node: Int(place.node), startedAt: now))
    return true
  }

  private mutating func preempt(for arrival: Arrival, _ id: Int) -> Bool {
    guard arrival.priority >= PreemptionReplay.high else { return false }
    let search = VictimSearch(rule, placer.state, arrival.shape, priority: arrival.priority, now: now)
    guard let found = search.find(running) else { return false }
    outcome.preemptions += 1
    for victim in found.victims {
      outcome.victims += 1
      outcome.lostGPUHours += victim.lostGPUHours(now: now)
      placer.remove(victim.shape, at: victim.place)
      running[found.node].removeAll { $0.id == victim.id }
      if let arrival = known[victim.id] {
        wait(arrival, victim.id)
      }
    }
    return start(arrival, id)
  }

  /// Makes a pod wait that had to go.
  private mutating func wait(_ arrival: Arrival, _ id: Int) {
    var one = ReplayLine.Waiting(arrival: arrival, id: id, since: now)
    if backOff > 0 {
      let times = evictions[id, default: 0]
      evictions[id] = times + 1
      one.notBefore = now + min(86_400, backOff * Double(1 << min(times, 16)))
      ends.insert(ReplayEvents.Event(at: one.notBefore, id: id, node: -1, startedAt: now))
    }
    waiting.insert(one)
  }

  /// Starts a pod whose time to wait is over, where it fits.
  private mutating func wake(_ event: ReplayEvents.Event) {
    guard let arrival = known[event.id], let one = waiting.find(arrival, event.id, since: event.startedAt),
      start(arrival, event.id)
    else { return }
    waiting.remove(one)
    count(one)
  }

  /// Lets everything end that ends until then.
  mutating func advance(to time: Double) {
    while let event = ends.next, event.at <= time {
      ends.removeNext()
      if event.node < 0 {
        now = event.at
        wake(event)
        continue
      }
      // It may have had to go meanwhile, and run again since.
      guard
        let index = running[event.node].firstIndex(where: {
          $0.id == event.id && $0.startedAt == event.startedAt
        })
      else { continue }
      now = event.at
      let pod = running[event.node].remove(at: index)
      count(pod)
      known[event.id] = nil
      placer.remove(pod.shape, at: pod.place)
      retry(on: event.node)
    }
    now = time
  }

  /// Starts those that wait as long as one fits. What waits fitted nowhere, so it can fit now only where something ended.
  private mutating func retry(on node: Int) {
    while let one = waiting.first(at: now, where: { placer.state.fits($0, on: node) }),
      start(one.arrival, one.id)
    {
      waiting.remove(one)
      count(one)
    }
  }

  private mutating func count(_ pod: RunningPod) {
    let hours = pod.lostGPUHours(now: now)
    if pod.priority >= PreemptionReplay.high {
      outcome.highGPUHours += hours
    } else {
      outcome.lowGPUHours += hours
    }
  }

  private mutating func count(_ one: ReplayLine.Waiting) {
    let hours = Double(one.arrival.shape.totalGPUMilli) / 1000 * (now - one.since) / 3600
    if one.arrival.priority >= PreemptionReplay.high {
      outcome.highWaitGPUHours += hours
    } else {
      outcome.lowWaitGPUHours += hours
    }
  }

  /// Counts what still runs and still waits.
  mutating func end() {
    for pod in running.flatMap({ $0 }) { count(pod) }
    for one in waiting.all { count(one) }
  }
}
