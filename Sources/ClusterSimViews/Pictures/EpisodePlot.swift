package import ClusterSim

/// The curves of an episode as SVG: reward and load on two axes, the budget below, and where cells ran out of memory. It has no scripts and
/// needs nothing from elsewhere; its colours follow the reader's scheme.
package struct EpisodePlot: Sendable {
  private static let size = (width: 800, height: 400)
  private static let edge = (left: 60, right: 50)
  private static let upper = (top: 50, height: 200)
  private static let lower = (top: 290, height: 70)

  package var title: String
  /// What the episode came of: small, at the foot.
  package var origin: String
  package var points: [Playback.Point]
  package var incidents: [BlackBox.Incident]
  /// A full budget, points.
  package var budget: Double
  /// The load at which the cluster collapses.
  package var collapse: Double

  package init(
    title: String, origin: String, points: [Playback.Point], incidents: [BlackBox.Incident], budget: Double,
    collapse: Double
  ) {
    self.origin = origin
    (self.title, self.points, self.incidents) = (title, points, incidents)
    (self.budget, self.collapse) = (budget, collapse)
  }

  package var svg: String {
    let rewards = points.map(\.reward)
    let (low, high) = (min(0, rewards.min() ?? 0), max(10, rewards.max() ?? 0))
    let last = max(1, points.last?.step ?? 1)
    func x(_ step: Int) -> Double {
      Double(Self.edge.left) + Double(step) / Double(last)
        * Double(Self.size.width - Self.edge.left - Self.edge.right)
    }
    func y(_ share: Double, _ band: (top: Int, height: Int)) -> Double {
      Double(band.top) + Double(band.height) * (1 - share)
    }
    func line(_ kind: String, _ band: (top: Int, height: Int), _ share: (Playback.Point) -> Double) -> String
    {
      let path = points.map { "\(Self.text(x($0.step))),\(Self.text(y(share($0), band)))" }
      return "<path class=\"\(kind)\" d=\"M\(path.joined(separator: "L"))\"/>\n"
    }
    var out = head
    for mark in Self.ticks(0, Double(last), 8) {
      out += Self.label("quiet", x(Int(mark)), Double(Self.size.height - 14), "middle", Self.text(mark))
    }
    for mark in Self.ticks(low, high, 5) {
      let at = y((mark - low) / (high - low), Self.upper)
      out += rule(at) + Self.label("reward-word", Double(Self.edge.left - 8), at + 4, "end", Self.text(mark))
    }
    for mark in [0, 0.25, 0.5, 0.75, 1] {
      out += Self.label(
        "load-word", Double(Self.size.width - Self.edge.right + 8), y(mark, Self.upper) + 4, "start",
        Self.text(mark))
    }
    for mark in [0, budget] {
      let at = y(budget > 0 ? mark / budget : 0, Self.lower)
      out += rule(at) + Self.label("budget-word", Double(Self.edge.left - 8), at + 4, "end", Self.text(mark))
    }
    let limit = Self.text(y(collapse, Self.upper))
    out += "<path class=\"limit\" d=\"M\(Self.edge.left),\(limit)H\(Self.size.width - Self.edge.right)\"/>\n"
    out += line("load", Self.upper) { ($0.meanCPU + $0.meanMemory) / 2 }
    out += line("reward", Self.upper) { ($0.reward - low) / (high - low) }
    out += line("budget", Self.lower) { budget > 0 ? $0.budget / budget : 0 }
    for incident in incidents {
      let place = Self.text(x(incident.step))
      out +=
        "<path class=\"oom\" d=\"M\(place),252v12\"><title>step \(incident.step): cell (\(incident.row), "
      out += "\(incident.column)) out of memory</title></path>\n"
    }
    return out + "</svg>\n"
  }

  private var head: String {
    let (width, height) = Self.size
    let words = Self.escaped(title)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" role="img">
      <title>\(words)</title>
      <style>
      svg { background: #fff; --ink: #151a21; --quiet: #566070; --line: #d9dee5; --reward: #1a5bb8; --load: #b4520a; --budget: #14713f; --bad: #b3261e; }
      @media (prefers-color-scheme: dark) { svg { background: #0e1217; --ink: #e5e9ef; --quiet: #9ba6b5; --line: #2b333e; --reward: #82b4ff; --load: #ffa45c; --budget: #62d296; --bad: #ff8f86; } }
      text { font: 12px system-ui, sans-serif; } path { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
      .ink { fill: var(--ink); font-weight: 600; } .quiet { fill: var(--quiet); }
      .reward { stroke: var(--reward); } .load { stroke: var(--load); } .budget { stroke: var(--budget); }
      .reward-word { fill: var(--reward); } .load-word { fill: var(--load); } .budget-word { fill: var(--budget); }
      .grid { stroke: var(--line); stroke-width: 1; } .limit { stroke: var(--bad); stroke-width: 1; stroke-dasharray: 6 4; } .oom { stroke: var(--bad); stroke-width: 2; }
      </style>
      <text class="ink" x="\(Self.edge.left)" y="20">\(words)</text>
      <text class="quiet" x="\(width - 8)" y="\(height - 4)" text-anchor="end">\(Self.escaped(origin))</text>
      <text class="reward-word" x="8" y="40">reward so far</text>
      <text class="load-word" x="\(width - 8)" y="40" text-anchor="end">load</text>
      <text class="budget-word" x="8" y="\(Self.lower.top - 14)">budget</text>

      """
  }

  private func rule(_ y: Double) -> String {
    "<path class=\"grid\" d=\"M\(Self.edge.left),\(Self.text(y))H\(Self.size.width - Self.edge.right)\"/>\n"
  }

  private static func label(_ kind: String, _ x: Double, _ y: Double, _ anchor: String, _ words: String)
    -> String
  {
    "<text class=\"\(kind)\" x=\"\(text(x))\" y=\"\(text(y))\" text-anchor=\"\(anchor)\">\(words)</text>\n"
  }

  /// Round numbers between two.
  static func ticks(_ low: Double, _ high: Double, _ count: Int) -> [Double] {
    let raw = (high - low) / Double(count)
    var unit = 1.0
    while unit * 10 <= raw { unit *= 10 }
    while unit > raw { unit /= 10 }
    let step = [1, 2, 2.5, 5, 10].map { $0 * unit }.first { $0 >= raw } ?? raw
    return stride(from: (low / step).rounded(.up) * step, through: high, by: step).map { $0 }
  }

  /// A number without digits that nobody sees.
  private static func text(_ x: Double) -> String {
    let rounded = (x * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
