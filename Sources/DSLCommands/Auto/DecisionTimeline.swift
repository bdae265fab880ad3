import Autonomy
import DSLBase

extension DecisionTimeline {
  /// One line each.
  func text(_ paint: Paint) -> String {
    var table = TextTable()
    for event in events {
      let who = event.by.map { " by \($0)" } ?? ""
      table.rows.append([
        String(event.at.description.prefix(23)) + "Z", paint(event.kind, .strong) + Shown.safe(who),
        Shown.clipped(Shown.safe(event.detail), 100),
      ])
    }
    return table.text(paint)
  }
}
