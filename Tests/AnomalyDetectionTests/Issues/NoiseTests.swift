import AnomalyDetection
import DSLBase
import Testing

/// What noise does, and how soon a change is seen in it.
@Suite struct NoiseTests {
  /// The distinct alarms in `count` windows, by their onsets.
  private func onsets(_ family: NoiseSource.Family, seed: UInt64, count: Int, interval: Double) throws -> Set<
    Timestamp
  > {
    var factory = WindowFactory(seed: seed)
    var detector = IssueDetector(settings: .init(windowsPerFalseAlarm: interval))
    var onsets: Set<Timestamp> = []
    for index in 0..<count {
      let value = factory.noise.next(family)
      onsets.formUnion(detector.observe(try factory.latency(value, at: index)).map(\.onset))
    }
    return onsets
  }

  /// One false alarm in 500 windows is allowed: 6 in 3,000.
  @Test(arguments: NoiseSource.Family.allCases) func falseAlarmsAreAsRareAsPromised(
    _ family: NoiseSource.Family
  ) throws {
    let seed: UInt64 = 41
    let onsets = try onsets(family, seed: seed, count: 3_000, interval: 500)
    #expect(onsets.count <= 6, "\(family) with seed \(seed): \(onsets.count) alarms")
  }

  /// A step of k standard deviations, as many windows as the history of 600 allows.
  @Test(arguments: [(2.0, 80), (3.0, 15), (5.0, 6), (8.0, 4), (20.0, 2)])
  func stepsAreSeenSoon(_ sigmas: Double, _ within: Int) throws {
    for seed in UInt64(1)...5 {
      var factory = WindowFactory(seed: seed)
      var detector = IssueDetector()
      for index in 0..<600 {
        let issues = detector.observe(try factory.latency(factory.normal(), at: index))
        #expect(issues.isEmpty, "seed \(seed), window \(index)")
      }
      var found: (delay: Int, issue: DetectedIssue)?
      for index in 600..<(600 + within) where found == nil {
        let issues = detector.observe(try factory.latency(sigmas + factory.normal(), at: index))
        found = issues.first.map { (index - 599, $0) }
      }
      let (_, issue) = try #require(found, "\(sigmas) sigma with seed \(seed): not within \(within) windows")
      #expect(issue.kind == .latencyIncrease)
      // The onset is where the step was, or a few windows of chance evidence before.
      let early = factory.time(600).seconds(since: issue.onset) / 60
      #expect(
        (-Double(within)...15).contains(early), "\(sigmas) sigma with seed \(seed): \(early) windows early")
    }
  }

  /// Units do not matter: milliseconds for seconds give the same issues at the same windows.
  @Test func scaleDoesNotMatter() throws {
    func found(_ scale: Double) throws -> [String] {
      var factory = WindowFactory(seed: 3)
      var detector = IssueDetector()
      var found: [String] = []
      for index in 0..<500 {
        let p95 = scale * (10 + factory.normal() + (index >= 400 ? 8 : 0))
        let window = try ServiceWindow(
          service: "api", start: factory.time(index), length: 60,
          latency: .init(p50: p95 / 2, p95: p95, p99: p95))
        for issue in detector.observe(window) {
          found.append("\(index) \(issue.kind) \(issue.onset) \((issue.severity * 1e6).rounded())")
        }
      }
      return found
    }
    let seconds = try found(1)
    #expect(!seconds.isEmpty)
    #expect(try found(0.001) == seconds)
    #expect(try found(4_096) == seconds)
  }
}
