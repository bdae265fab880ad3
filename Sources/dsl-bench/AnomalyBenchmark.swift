import AnomalyDetection
import DSLBase
import Glibc

/// `dsl-bench nab FOLDER`: the detectors of issues and the detector of rarity on the series of the Numenta Anomaly Benchmark,
/// scored by its rules, with two of the published detectors beside them.
///
/// FOLDER has `data/*/*.csv` and `labels/combined_windows.json`. Every score is made in one pass without looking ahead, with
/// one set of parameters for all series.
enum AnomalyBenchmark {
  private struct Entry {
    let name: String
    let scores: [[Double]]
    let seconds: Double
  }

  static func run(folder: String) throws {
    let corpus = try read(folder: folder)
    let rows = corpus.reduce(0) { $0 + $1.values.count }
    puts(
      "series=\(corpus.count) rows=\(rows) windows=\(corpus.reduce(0) { $0 + $1.windows.count }) profile=standard"
    )
    let entries = [
      try measure("rarity", corpus) { try rarity($0, RarityDetector()) },
      try measure("rarity of four times the memory", corpus) { series in
        try rarity(series, RarityDetector(memory: 4 * RarityDetector.usualMemory))
      },
      measure("issues", corpus) { series in
        var detector = SeriesWatch()
        return series.values.map { detector.score($0) }
      },
      measure("windowed Gaussian", corpus) { series in
        var detector = WindowedGaussian()
        return series.values.map { detector.score($0) }
      },
      measure("relative entropy", corpus) { series in
        var detector = RelativeEntropy(range: (series.values.min() ?? 0)...(series.values.max() ?? 0))
        return series.values.map { detector.score($0) }
      },
    ]
    let scoring = NABScoring.standard
    for entry in entries {
      let best = scoring.best(corpus, scores: entry.scores)
      let halves = scoring.crossValidated(corpus, scores: entry.scores, rounds: 50, seed: 1)
      puts(
        "\(entry.name): score=\(round(best.score, 2)) threshold=\(best.threshold) other_half=\(round(halves.mean, 2)) "
          + "deviation=\(round(halves.deviation, 1)) points_per_s=\(Int(Double(rows) / entry.seconds))")
    }
    compareAtEqualStrictness(corpus, rarity: entries[0].scores, issues: entries[2].scores)
    try measureIssues()
    list(corpus, entries[0], threshold: scoring.best(corpus, scores: entries[0].scores).threshold)
  }

  private static func rarity(_ series: LabelledSeries, _ detector: RarityDetector) throws -> [Double] {
    var detector = detector
    return try series.values.map { try detector.score($0) }
  }

  /// What the live detectors tell, beside rarity at thresholds from the benchmark's best one to the least that keeps their
  /// promise of one false alarm in 10,000 values of noise; and what would be left if rarity had to agree.
  private static func compareAtEqualStrictness(
    _ corpus: [LabelledSeries], rarity: [[Double]], issues: [[Double]]
  ) {
    let noise = NoiseSource.Family.allCases.map { family in
      var (source, detector) = (NoiseSource(seed: 1), RarityDetector())
      return (0..<100_000).map { _ in (try? detector.score(source.next(family))) ?? 0 }
    }
    for threshold in [RarityWatch.threshold, 3.5, 4, 5, 6] {
      let worst = noise.map { scores in scores.count { $0 >= threshold } }.max() ?? 0
      told("rarity at \(threshold) (noise: \(worst) in 100,000)", corpus, rarity, threshold)
    }
    told("issues, as they are told", corpus, issues, 1)
    let agreed = zip(issues, rarity).map { issues, rarity in
      issues.indices.map { place in
        let seen = rarity[max(0, place - 60)...place].max() ?? 0
        return seen >= 2 ? issues[place] : 0
      }
    }
    told("issues, where rarity agrees", corpus, agreed, 1)
  }

  private static func told(
    _ name: String, _ corpus: [LabelledSeries], _ scores: [[Double]], _ threshold: Double
  ) {
    var (inside, outside) = (0, 0)
    for (series, scores) in zip(corpus, scores) {
      inside += series.windows.count { window in window.contains { scores[$0] >= threshold } }
      outside += scores.indices.count { place in
        place >= series.probation && scores[place] >= threshold
          && !series.windows.contains { $0.contains(place) }
      }
    }
    let score = NABScoring.standard.score(corpus, scores: scores, threshold: threshold)
    puts("  \(name): score=\(round(score, 1)) windows_found=\(inside) alarms_outside=\(outside)")
  }

  /// Windows with every signal of 20 services through the detectors of issues: windows a second, and the size of the state.
  private static func measureIssues() throws {
    var random = SplitMix64(seed: 1)
    var windows: [ServiceWindow] = []
    for index in 0..<1_000 {
      for service in 0..<20 {
        let noise = (0..<4).map { _ in Double(random.next() >> 11) / 9_007_199_254_740_992 }
        windows.append(
          try ServiceWindow(
            service: "service-\(service)", start: Timestamp(seconds: 1.7e9 + 60 * Double(index)), length: 60,
            traffic: .init(spans: 500 + Int(50 * noise[0]), errors: Int(5 * noise[1])),
            latency: .init(p50: 0.1, p95: 0.2 + noise[2], p99: 2),
            readings: [
              .init(resource: "cpu", used: noise[3]), .init(resource: "memory", used: 0.5 + noise[2] / 9),
            ],
            agents: .init(healthy: 8 + Int(2 * noise[0]), total: 10)))
      }
    }
    var detector = IssueDetector()
    let start = seconds()
    let found = windows.reduce(0) { $0 + detector.observe($1).count }
    let elapsed = seconds() - start
    puts(
      "issue detectors: windows_per_s=\(Int(Double(windows.count) / elapsed)) issues=\(found) "
        + "state_bytes_per_service=\(detector.json.serialized().count / 20)")
  }

  private static func list(_ corpus: [LabelledSeries], _ entry: Entry, threshold: Double) {
    for (series, scores) in zip(corpus, entry.scores) {
      let alarms = scores.dropFirst(series.probation).count { $0 >= threshold }
      let points = NABScoring.standard.points(series, scores: scores, threshold: threshold)
      puts(
        "  \(series.name): rows=\(scores.count) windows=\(series.windows.count) alarms=\(alarms) points=\(round(points, 2))"
      )
    }
  }

  private static func round(_ value: Double, _ places: Int) -> Double {
    let scale = pow(10, Double(places))
    return (value * scale).rounded() / scale
  }

  private static func measure(
    _ name: String, _ corpus: [LabelledSeries], _ score: (LabelledSeries) throws -> [Double]
  ) rethrows -> Entry {
    let start = seconds()
    let scores = try corpus.map(score)
    return Entry(name: name, scores: scores, seconds: seconds() - start)
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func read(folder: String) throws -> [LabelledSeries] {
    let labels = try JSONParser.parse(text("\(folder)/labels/combined_windows.json"))
    return try LabelledSeries.corpus(labels: labels) { try text("\(folder)/data/\($0)") }
  }

  private static func text(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw DSLError(.notFound, "\(path) cannot be read") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer.prefix(count)
    }
  }
}
