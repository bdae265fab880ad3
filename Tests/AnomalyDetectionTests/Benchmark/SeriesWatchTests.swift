import DSLBase
import Glibc
import Testing

@testable import AnomalyDetection

/// A bare series through the code that judges a service's signals.
@Suite struct SeriesWatchTests {
  /// The same verdicts as the detectors give: a series of durations is told where a service's latency is.
  @Test func itTellsWhereTheDetectorsDo() throws {
    var noise = NoiseSource(seed: 3)
    var watch = SeriesWatch(seconds: 60)
    var detector = IssueDetector()
    var (told, onsets): ([Int], [Timestamp]) = ([], [])
    for place in 0..<700 {
      let value = noise.next(.normal) + (place < 500 ? 0 : 4)
      if watch.score(value) > 0 { told.append(place) }
      let p95 = exp(value)
      let window = try ServiceWindow(
        service: "api", start: Timestamp(seconds: 1_700_000_000 + 60 * Double(place)), length: 60,
        latency: .init(p50: p95 / 2, p95: p95, p99: p95))
      for issue in detector.observe(window) where !onsets.contains(issue.onset) {
        onsets.append(issue.onset)
        #expect(told.last == place, "told in the same window")
      }
    }
    #expect(onsets.count == 1 && told.count == 1, "an issue that goes on is one: \(told)")
    #expect((500..<510).contains(try #require(told.first)))
  }

  @Test func bothDirectionsCount() {
    for sign in [1.0, -1.0] {
      var noise = NoiseSource(seed: 4)
      var watch = SeriesWatch()
      let told = (0..<700).filter { place in
        watch.score(noise.next(.uniform) + (place < 500 ? 0 : 3 * sign)) > 0
      }
      #expect(told.first.map { (500..<505).contains($0) } == true, "\(sign): \(told)")
    }
  }
}
