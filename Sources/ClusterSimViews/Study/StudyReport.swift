package import ClusterSim

/// What came of the trials of a study so far, as the files that are attached to it: by name and content those of `python/resonetics/tune.py`.
package struct StudyReport: Sendable {
  /// Trials that the note lists at most.
  private static let top = 10

  private let name: String
  private let isMore: Bool
  /// Those that were not ended before their time, by number.
  private let trials: [(number: Int, value: Double, parameters: [String: Double])]
  /// Of parameters, sorted.
  private let names: [String]

  /// `nil` where no trial is complete.
  package init?(_ study: StudyJournal.Study) {
    name = study.name
    isMore = study.maximizes.first ?? true
    trials = study.trials.compactMap { trial in
      guard trial.state == .complete, let value = trial.values.first else { return nil }
      return (trial.number, value, trial.parameters)
    }
    guard let first = trials.first else { return nil }
    names = first.parameters.keys.sorted()
  }

  /// The best trials, Markdown.
  package var note: String {
    let best = trials.sorted { a, b in
      a.value == b.value ? a.number < b.number : isMore ? a.value > b.value : a.value < b.value
    }
    func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
    let head = ["trial", "value"] + names
    let rows = best.prefix(Self.top).map { trial in
      row(
        ["\(trial.number)", DecimalText.fixed(trial.value, decimals: 3)]
          + names.map { trial.parameters[$0].map { DecimalText.general($0, digits: 4) } ?? "" })
    }
    return "# \(name): the best of \(trials.count) whole trials\n\n\(row(head))|"
      + String(repeating: "---|", count: head.count) + "\n" + rows.joined()
  }

  /// Values and settings of all trials.
  package var csv: String {
    let lines = trials.map { trial in
      let settings = names.map { name in trial.parameters[name].map { Self.text(name, $0) } ?? "" }
      return (["\(trial.number)", "\(trial.value)"] + settings).joined(separator: ",") + "\n"
    }
    return (["trial", "value"] + names).joined(separator: ",") + "\n" + lines.joined()
  }

  /// The values and the best of them over trials, the note, and the table, which is the last: where it is, all are.
  package var files: [(name: String, content: [UInt8])] {
    var best: [(x: Double, y: Double)] = []
    for trial in trials {
      let before = best.last?.y ?? trial.value
      best.append((Double(trial.number), isMore ? max(before, trial.value) : min(before, trial.value)))
    }
    let drawing = CurveDrawing(
      name, [.init("value", trials.map { (Double($0.number), $0.value) }), .init("best so far", best)],
      across: "trial", up: "value")
    return [
      ("study.svg", Array(drawing.svg.utf8)), ("note.md", Array(note.utf8)), (Self.table, Array(csv.utf8)),
    ]
  }

  /// The name of the table.
  package static let table = "study.csv"

  /// A setting as Python writes it: whole numbers without a point.
  private static func text(_ name: String, _ value: Double) -> String {
    let isWhole = SearchSpace.settings.contains { $0.name == name && $0.isWhole }
    return isWhole ? Int(exactly: value).map { "\($0)" } ?? "\(value)" : "\(value)"
  }
}
