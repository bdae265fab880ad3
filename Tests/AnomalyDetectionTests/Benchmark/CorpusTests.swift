import AnomalyDetection
import DSLBase
import FoundationEssentials
import Testing

/// The detectors on three real series, and on all of the corpus that is at hand.
@Suite struct CorpusTests {
  private static let folder =
    #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/Data"

  private static func corpus() throws -> [LabelledSeries] {
    let labels = try JSONParser.parse(text("labels/combined_windows.json"))
    return try LabelledSeries.corpus(labels: labels, text: text)
  }

  private static func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
  }

  private static func rarity(_ series: LabelledSeries) throws -> [Double] {
    var detector = RarityDetector()
    return try series.values.map { try detector.score($0) }
  }

  /// With `RECORD=1` in the environment the file is written anew; read the difference before committing it.
  @Test func alarmsAreAsRecorded() throws {
    var lines = ""
    for series in try Self.corpus() {
      let scores = try Self.rarity(series)
      for (row, score) in scores.enumerated() where score >= 3 {
        let marked = series.windows.contains { $0.contains(row) } ? " in a window" : ""
        lines += "\(series.name) row \(row): \((score * 1_000).rounded() / 1_000)\(marked)\n"
      }
    }
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try lines.write(toFile: "\(Self.folder)/alarms.txt", atomically: true, encoding: .utf8)
    }
    #expect(try lines == Self.text("alarms.txt"))
  }

  /// Ours against the published ones on the same rows; the whole corpus is measured by `dsl-bench nab`.
  @Test func rarityScoresAboveThePublishedOnes() throws {
    let corpus = try Self.corpus()
    let scoring = NABScoring.standard
    let ours = scoring.best(corpus, scores: try corpus.map(Self.rarity))
    let gaussian = scoring.best(
      corpus,
      scores: corpus.map { series in
        var detector = WindowedGaussian()
        return series.values.map { detector.score($0) }
      })
    let entropy = scoring.best(
      corpus,
      scores: corpus.map { series in
        var detector = RelativeEntropy(range: (series.values.min() ?? 0)...(series.values.max() ?? 0))
        return series.values.map { detector.score($0) }
      })
    #expect(ours.score > gaussian.score && ours.score > entropy.score)
    #expect(ours.score > 58)
  }
}
