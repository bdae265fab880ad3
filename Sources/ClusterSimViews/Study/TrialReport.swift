package import ClusterSim

/// What a trial of a search without Python came to, as the files that are attached to it: by name and content those of
/// `python/resonetics/trials.py`.
package struct TrialReport: Sendable {
  /// Within its study, from 0.
  package let number: Int
  /// The value after so many training episodes, by episodes; at least one.
  private let judged: [(episodes: Int, value: Double)]
  /// How training went, with exploration.
  private let training: TrainingRun
  /// The last judging.
  private let summary: EpisodeSummary
  /// The failure that came first in it.
  private let blackBox: BlackBox?

  package init(
    number: Int, judged: [(episodes: Int, value: Double)], training: TrainingRun, summary: EpisodeSummary,
    blackBox: BlackBox?
  ) {
    (self.number, self.judged, self.training) = (number, judged, training)
    (self.summary, self.blackBox) = (summary, blackBox)
  }

  /// What the agent that it learned is called: its file, and the policy of black boxes.
  package static func agentName(_ number: Int) -> String { "trial-\(number).agent" }

  private var title: String { "trial \(number)" }

  /// The trial in words, Markdown: each measure with its interval.
  package var note: String {
    func row(_ name: String, _ found: Estimate) -> String {
      func text(_ value: Double) -> String { DecimalText.fixed(value, decimals: 4) }
      return "| \(name) | \(text(found.mean)) | \(text(found.low)) to \(text(found.high)) |\n"
    }
    return "# \(title)\n\nvalue \(DecimalText.fixed(judged.last?.value ?? .nan, decimals: 3))\n\n"
      + "| measure | mean | 95 % interval |\n|---|---|---|\n" + row("reward", summary.reward)
      + row("steps", summary.steps) + row("ooms", summary.ooms) + row("failures", summary.failures)
  }

  /// The note, the curves of judging and of training, and the black box.
  package var files: [(name: String, content: [UInt8])] {
    let values = CurveDrawing.Line(
      "value on validation episodes", judged.map { (Double($0.episodes), $0.value) })
    var files = [
      ("note.md", Array(note.utf8)),
      ("judged.svg", Array(CurveDrawing(title, [values], across: "training episodes", up: "value").svg.utf8)),
    ]
    if !training.points.isEmpty {
      func line(_ name: String, _ value: (TrainingRun.Point) -> Double) -> CurveDrawing.Line {
        CurveDrawing.Line(name, training.points.map { (Double($0.episodes), value($0)) })
      }
      let drawing = CurveDrawing(
        title, [line("steps survived", \.steps), line("reward", \.reward)], across: "training episodes",
        up: "with exploration")
      files += [("training.csv", Array(training.csv.utf8)), ("training.svg", Array(drawing.svg.utf8))]
    }
    if let blackBox {
      files.append(("trial-\(number)-\(BlackBox.text(blackBox.key)).blackbox.json", blackBox.bytes))
    }
    return files
  }
}
