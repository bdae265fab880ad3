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
    /// GPU-hours that pods had, whatever came of them: work done and work lost.
    package var allocatedGPUHours = 0.0
    /// Hours from the beginning to the last arrival.
    package var hours = 0.0
    /// At even intervals, when they were asked for.
    package var points: [Point] = []

    package init() {}
  }

  /// What held at one time.
  package struct Point: Sendable, Equatable {
    /// Since the replay began.
    package var hours: Double
    /// Percent of the fleet's GPUs.
    package var allocation: Double
    /// Idle GPU that typical pods cannot use, percent of the fleet's.
    package var fragmentation: Double
    package var waitingPods: Int
    package var waitingGPUs: Double
    /// Until then.
    package var victims: Int
  }

  /// Points that a replay keeps.
  package struct Sampling: Sendable {
    package var count: Int
    package var fragmentation: Fragmentation

    package init(count: Int, fragmentation: Fragmentation) {
      self.count = count
      self.fragmentation = fragmentation
    }
  }

  /// When the pods of a trace come.
  package enum Times: Sendable, Equatable {
    /// As they did.
    case recorded
    /// Each pod with GPUs so many times, at random times of the trace's span.
    case drawn(copies: Int)
  }

  /// Priorities from here on take the place of others.
  package static var high: Int { 1000 }

  package let fleet: [NodeCapacity]
  /// By time.
  package let arrivals: [Arrival]
  /// Pods of the trace that would fit on no node of the fleet, and are not among the arrivals: they would wait for ever.
  package let impossible: Int

  package init(fleet: [NodeCapacity], arrivals: [Arrival]) {
    self.fleet = fleet
    self.arrivals = arrivals
    impossible = 0
  }

  /// Pods of a trace with the lives that they had there, on its nodes in an order drawn from the seed.
  ///
  /// Traces of large fleets ask for a small part of them at any time, so that nothing would ever have to wait: copies and fewer
  /// nodes make it as busy as one likes.
  ///
  /// - Parameter load: mean demand by GPUs of so many of the nodes as are taken; `nil` takes all.
  package init(_ trace: OpenbTrace, _ times: Times, load: Double?, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let span = Double(trace.pods.compactMap(\.lifetime?.upperBound).max() ?? 1)
    var (arrivals, work): ([Arrival], Double) = ([], 0)
    for pod in trace.pods {
      guard let life = pod.lifetime, life.count > 0 else { continue }
      var copies = 1
      if case .drawn(let count) = times { copies = pod.shape.gpuCount > 0 ? count : 0 }
      for _ in 0..<copies {
        let at = times == .recorded ? Double(life.lowerBound) : Double.random(in: 0..<span, using: &random)
        let seconds = Double(life.count)
        arrivals.append(Arrival(shape: pod.shape, priority: Self.priority(pod.qos), at: at, seconds: seconds))
        work += Double(pod.shape.totalGPUMilli) / 1000 * min(seconds, span - at)
      }
    }
    let wanted = load.map { work / span / $0 } ?? .infinity
    var (fleet, gpus) = ([NodeCapacity](), 0)
    for node in trace.nodes.shuffled(using: &random) where Double(gpus) < wanted {
      fleet.append(node)
      gpus += Int(node.gpuCount)
    }
    self.fleet = fleet
    let empty = FleetState(fleet)
    var possible: [PodShape: Bool] = [:]
    self.arrivals = arrivals.filter { arrival in
      if let known = possible[arrival.shape] { return known }
      let fits = fleet.indices.contains { empty.fits(arrival.shape, on: $0) }
      possible[arrival.shape] = fits
      return fits
    }.sorted { $0.at < $1.at }
    impossible = arrivals.count - self.arrivals.count
  }

  /// Latency-sensitive and guaranteed pods are high, burstable ones above best-effort ones.
  private static func priority(_ qos: String?) -> Int {
    switch qos {
    case "LS", "Guaranteed": high
    case "Burstable": 500
    default: 0
    }
  }

  /// Runs it to the last arrival under a policy by its name.
  ///
  /// - Parameter trace: whose pods are what the policy knows of the past.
  package func run(
    _ policy: PolicyName, _ rule: VictimRule?, backOff: Double, sampling: Sampling?, trace: OpenbTrace,
    seed: UInt64
  ) -> Outcome {
    let facts = PolicyName.Facts(
      past: trace.pods.map(\.shape), fleet: fleet, models: trace.models, seed: seed)
    return policy.with(facts) { run($0, rule, backOff: backOff, sampling: sampling) }
  }

  /// Runs it to the last arrival.
  ///
  /// - Parameter rule: without one nobody goes for anybody.
  /// - Parameter backOff: seconds that a pod which had to go for the first time waits at least; twice as long with every further
  ///   time, at most a day.
  package func run(
    _ policy: some PlacementPolicy, _ rule: VictimRule?, backOff: Double = 0, sampling: Sampling? = nil
  ) -> Outcome {
    var turn = Turn(Placer(FleetState(fleet), policy), rule, backOff: backOff)
    if let sampling { turn.keep(sampling, until: arrivals.last?.at ?? 0) }
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
  private let rule: VictimRule?
  private var now = 0.0
  private var sampling: PreemptionReplay.Sampling?
  /// Seconds between two points.
  private var period = 0.0
  /// By node.
  private var running: [[RunningPod]]
  private var known: [Int: Arrival] = [:]
  /// Ends, the next one last.
  private var ends = ReplayEvents()
  private var waiting = ReplayLine()

  /// How often a pod had to go.
  private var evictions: [Int: Int] = [:]
  private let backOff: Double

  init(_ placer: Placer<Policy>, _ rule: VictimRule?, backOff: Double) {
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
    guard let rule, arrival.priority >= PreemptionReplay.high else { return false }
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
        pass(to: event.at)
        wake(event)
        continue
      }
      // It may have had to go meanwhile, and run again since.
      guard
        let index = running[event.node].firstIndex(where: {
          $0.id == event.id && $0.startedAt == event.startedAt
        })
      else { continue }
      pass(to: event.at)
      let pod = running[event.node].remove(at: index)
      count(pod)
      known[event.id] = nil
      placer.remove(pod.shape, at: pod.place)
      retry(on: event.node)
    }
    pass(to: time)
  }

  /// Keeps so many points, the last at the end.
  mutating func keep(_ sampling: PreemptionReplay.Sampling, until end: Double) {
    self.sampling = sampling
    period = end / Double(max(sampling.count, 1))
  }

  /// Lets time pass in which nothing happens.
  private mutating func pass(to time: Double) {
    if let sampling {
      while outcome.points.count < sampling.count, Double(outcome.points.count + 1) * period < time {
        sample(sampling)
      }
    }
    outcome.allocatedGPUHours += Double(placer.state.usedGPUMilli) / 1000 * (time - now) / 3600
    now = time
  }

  private mutating func sample(_ sampling: PreemptionReplay.Sampling) {
    let (state, capacity) = (placer.state, Double(max(placer.state.totalGPUMilli, 1)))
    let fragmented = (0..<state.nodeCount).reduce(0) { $0 + sampling.fragmentation.amount(of: state, on: $1) }
    let waiting = waiting.all
    outcome.points.append(
      .init(
        hours: Double(outcome.points.count + 1) * period / 3600,
        allocation: Double(state.usedGPUMilli) / capacity * 100, fragmentation: fragmented / capacity * 100,
        waitingPods: waiting.count,
        waitingGPUs: Double(waiting.reduce(0) { $0 + $1.arrival.shape.totalGPUMilli }) / 1000,
        victims: outcome.victims))
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
    outcome.hours = now / 3600
    if let sampling, outcome.points.count < sampling.count { sample(sampling) }
    for pod in running.flatMap({ $0 }) { count(pod) }
    for one in waiting.all { count(one) }
  }
}
