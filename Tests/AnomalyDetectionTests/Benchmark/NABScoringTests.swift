import AnomalyDetection
import DSLBase
import Testing

@Suite struct NABScoringTests {
  private let standard = NABScoring.standard
  private let series = [
    LabelledSeries(
      name: "a", values: Array(repeating: 0, count: 1_000), windows: [300...399, 700...799]),
    LabelledSeries(name: "b", values: Array(repeating: 0, count: 400), windows: [200...299]),
    LabelledSeries(name: "none", values: Array(repeating: 0, count: 400), windows: []),
  ]

  private func scores(_ alarms: [[Int]]) -> [[Double]] {
    zip(series, alarms).map { series, alarms in series.values.indices.map { alarms.contains($0) ? 1 : 0 } }
  }

  @Test func silenceIsNothingAndPerfectionAHundred() {
    let silent = scores([[], [], []])
    #expect(standard.score(series, scores: silent, threshold: 1) == 0)
    let perfect = scores([[300, 700], [200], []])
    #expect(abs(standard.score(series, scores: perfect, threshold: 1) - 100) < 1e-9)
    #expect(standard.best(series, scores: perfect).threshold == 1)
    // What is as strange everywhere is better left alone.
    #expect(standard.best(series, scores: silent).threshold == .infinity)
    #expect(standard.best(series, scores: silent).score == 0)
  }

  /// Worked out by hand from the formula of the paper.
  @Test func detectionsAreWorthWhatTheFormulaSays() {
    func points(_ index: Int, _ alarms: [Int]) -> Double {
      standard.points(series[index], scores: scores([alarms, alarms, alarms])[index], threshold: 1)
    }
    // In the middle of a window of 100 rows: position −0.5; (2σ(2.5) − 1)/(2σ(5) − 1).
    #expect(abs(points(1, [250]) - 0.848_283_639_957_513 / 0.986_614_298_151_43) < 1e-12)
    // A second detection in the window adds nothing, and the earlier one counts.
    #expect(points(1, [250, 260]) == points(1, [250]))
    // Before any window, and where there is none: the full cost.
    #expect(abs(points(1, [100]) - (-1 - 0.11)) < 1e-12)
    #expect(abs(points(2, [100, 399]) - -0.22) < 1e-12)
    // 11 rows behind a window of 100: position 11/99; 0.11·(2σ(−5/9) − 1).
    #expect(abs(points(1, [310]) - (-1 + 0.11 * -0.270847118516721)) < 1e-12)
    // Four lengths behind.
    #expect(abs(points(0, [699]) - (-2 + 0.11 * -1)) < 1e-7)
    // The probation of 150 of 1000 rows does not count.
    #expect(points(0, [149]) == -2)
    #expect(abs(points(0, [150]) - -2.11) < 1e-12)
  }

  @Test func theBestThresholdIsTheBestOfAll() {
    var random = SplitMix64(seed: 7)
    let random10 = series.map { $0.values.map { _ in Double(random.next() % 40) } }
    let best = standard.best(series, scores: random10)
    let all = (0...40).map { standard.score(series, scores: random10, threshold: Double($0)) }
    #expect(abs(best.score - (all.max() ?? .nan)) < 1e-9)
  }

  @Test func halvesOfACorpusThatIsAllAlikeScoreTheSame() {
    let corpus = (0..<8).map {
      LabelledSeries(name: "\($0)", values: Array(repeating: 0, count: 400), windows: [200...299])
    }
    let scores = corpus.map { $0.values.indices.map { $0 == 200 ? 1.0 : 0 } }
    let halves = standard.crossValidated(corpus, scores: scores, rounds: 5, seed: 1)
    #expect(abs(halves.mean - 100) < 1e-9 && halves.deviation < 1e-9)
  }

  @Test func filesThatAreNotAsTheirLabelsSayAreRefused() throws {
    let good = "timestamp,value\n2014-04-10 00:00:00,1\n2014-04-10 00:05:00,2.5\n"
    let window = ("2014-04-10 00:00:00.000000", "2014-04-10 00:05:00.000000")
    let series = try LabelledSeries(name: "s.csv", csv: good, windows: [window])
    #expect(series.values == [1, 2.5] && series.windows == [0...1])
    for bad in ["t,v\n2014-04-10 00:00:00,x", "t,v\nnever,1", "t,v\n2014-04-10 00:00:00,nan", "t,v\n1"] {
      #expect { try LabelledSeries(name: "s.csv", csv: bad, windows: []) } throws: {
        ($0 as? DSLError)?.message.contains("s.csv, line 2") == true
      }
    }
    #expect(throws: DSLError.self) {
      try LabelledSeries(name: "s.csv", csv: good, windows: [(window.0, "2014-04-11 00:00:00")])
    }
    #expect(throws: DSLError.self) {
      try LabelledSeries.corpus(labels: ["s.csv": [["2014-04-10 00:00:00"]]]) { _ in good }
    }
  }
}
