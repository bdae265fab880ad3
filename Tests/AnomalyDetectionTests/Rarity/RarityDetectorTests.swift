import AnomalyDetection
import DSLBase
import Testing

@Suite struct RarityDetectorTests {
  private func scores(_ values: [Double]) throws -> [Double] {
    var detector = RarityDetector()
    return try values.map { try detector.score($0) }
  }

  private func noise(_ count: Int, seed: UInt64) -> [Double] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
    }
  }

  @Test func aSpikeIsTheStrangestOfAll() throws {
    var values = noise(3_000, seed: 1)
    values[2_000] = 12
    let scores = try scores(values)
    #expect(scores.indices.max { scores[$0] < scores[$1] } == 2_000)
    #expect(scores[2_000] > 3)
  }

  /// A change of the spread alone: no single value is new, the set of the last ones is.
  @Test func aChangeOfDistributionIsSeen() throws {
    var random = SplitMix64(seed: 2)
    let values = (0..<3_000).map { index in
      (index >= 2_000 ? 1 : Double(random.next() % 1_000) / 1_000) * (random.next() % 2 == 0 ? 1 : -1)
    }
    let scores = try scores(values)
    #expect((2_000..<2_100).contains { scores[$0] > 3 })
    #expect((500..<2_000).count { scores[$0] > 3 } <= 3)
  }

  /// Powers of two scale without rounding, so the scores are the same to the bit.
  @Test func unitsDoNotMatter() throws {
    let values = noise(1_500, seed: 3)
    let scores = try scores(values)
    #expect(try self.scores(values.map { $0 * 1_024 }) == scores)
    #expect(try self.scores(values.map { -$0 / 4 }).max() == scores.max())
  }

  @Test func theSameValuesGiveTheSameScoresWithoutLookingAhead() throws {
    let values = noise(1_200, seed: 4)
    let all = try scores(values)
    #expect(try scores(values) == all)
    #expect(try scores(Array(values.prefix(700))) == Array(all.prefix(700)))
  }

  @Test func aConstantSeriesIsNeverStrangeAndItsFirstChangeIs() throws {
    let scores = try scores(Array(repeating: 5, count: 1_000) + [5.001] + Array(repeating: 5, count: 10))
    #expect(scores.prefix(1_000).allSatisfy { $0 == 0 })
    #expect(scores[1_000] > 3)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity]) func whatIsNoNumberIsRefused(_ bad: Double) throws {
    let values = noise(300, seed: 5)
    var detector = RarityDetector()
    var scores: [Double] = []
    for value in values {
      #expect { try detector.score(bad) } throws: { ($0 as? DSLError)?.code == .invalidInput }
      scores.append(try detector.score(value))
    }
    #expect(try self.scores(values) == scores)
  }

  /// Of independent values, about one in a thousand scores 3: two p-values whose product is below 1/1000 come in 0.8 %
  /// of the rows, and the rest after a high score takes most of these.
  @Test(arguments: [UInt64(11), 12, 13]) func noiseRaisesFewAlarms(_ seed: UInt64) throws {
    let scores = try scores(noise(5_000, seed: seed))
    #expect(scores.count { $0 >= 3 } <= 20)
  }
}
