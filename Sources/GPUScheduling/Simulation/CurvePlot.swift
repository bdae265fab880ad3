/// Allocation over arrived load or over time as a picture: SVG, which any browser shows and which stays sharp on paper.
package struct CurvePlot: Sendable {
  /// One line of the plot.
  package struct Line: Sendable {
    package var name: String
    /// By rising x; y is percent of GPUs allocated.
    package var points: [(x: Double, y: Double)]
    /// Dashed: somebody else's figures.
    package var isReference: Bool

    package init(name: String, points: [(x: Double, y: Double)], isReference: Bool = false) {
      self.name = name
      self.points = points
      self.isReference = isReference
    }
  }

  private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"]
  private static let (width, height, left, top, right, bottom) = (760.0, 460.0, 60.0, 40.0, 190.0, 50.0)

  private let title: String
  private let lines: [Line]
  private let across: ClosedRange<Double>
  private let up: ClosedRange<Double>
  /// Between two marks.
  private let steps: (across: Double, up: Double)
  /// Follows the numbers of the marks across.
  private let unit: String
  private let caption: String

  /// Over percent of demand that arrived; the upper end, where policies differ: from three quarters of the capacity on.
  package init(title: String, overLoad lines: [Line]) {
    self.title = title
    self.lines = lines
    across = 70...max(lines.flatMap { $0.points.map(\.x) }.max() ?? 130, 80)
    up = 70...100
    steps = (10, 5)
    unit = " %"
    caption = "demand that arrived, percent of all GPUs; up: GPUs allocated"
  }

  /// Over hours since the beginning.
  package init(title: String, overHours lines: [Line]) {
    self.title = title
    self.lines = lines
    let most = max(lines.flatMap { $0.points.map(\.x) }.max() ?? 1, 0.001)
    across = 0...most
    up = 0...100
    // Eight marks or fewer: the least of 1, 2 and 5 times a power of ten.
    var (step, turn) = (0.001, 0)
    while most / step > 8 {
      step *= turn % 3 == 1 ? 2.5 : 2
      turn += 1
    }
    steps = (step, 20)
    unit = " h"
    caption = "hours since the beginning; up: GPUs allocated"
  }

  /// The picture.
  package var svg: String {
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
      font-family="sans-serif" font-size="13">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Int(Self.left))" y="24" font-size="16">\(Self.escaped(title))</text>\n
      """
    for percent in stride(from: up.lowerBound, through: up.upperBound, by: steps.up) {
      let y = y(percent)
      text +=
        "<path d=\"M\(Self.text(Self.left)) \(Self.text(y))H\(Self.text(Self.width - Self.right))\" stroke=\"#ddd\"/>"
      text +=
        "<text x=\"\(Self.text(Self.left - 8))\" y=\"\(Self.text(y + 4))\" text-anchor=\"end\">\(Int(percent)) %</text>\n"
    }
    for mark in stride(from: across.lowerBound, through: across.upperBound, by: steps.across) {
      text +=
        "<text x=\"\(Self.text(x(mark)))\" y=\"\(Self.text(Self.height - Self.bottom + 20))\" text-anchor=\"middle\">\(Self.mark(mark))\(unit)</text>\n"
    }
    text +=
      "<text x=\"\(Self.text(Self.left))\" y=\"\(Self.text(Self.height - 10))\">\(caption)</text>\n"
    for (index, line) in lines.enumerated() { text += drawn(line, index) }
    return text + "</svg>\n"
  }

  private func drawn(_ line: Line, _ index: Int) -> String {
    let colour = Self.colours[index % Self.colours.count]
    let inside = line.points.filter { across.contains($0.x) && up.contains($0.y) }
    let path = inside.enumerated().map { position, point in
      (position == 0 ? "M" : "L") + Self.text(x(point.x)) + " " + Self.text(y(point.y))
    }
    let dash = line.isReference ? " stroke-dasharray=\"5 4\"" : ""
    let row = Self.top + 16 + Double(index) * 20
    let start = Self.width - Self.right + 12
    return """
      <path d="\(path.joined())" fill="none" stroke="\(colour)" stroke-width="2"\(dash)/>
      <path d="M\(Self.text(start)) \(Self.text(row))h24" stroke="\(colour)" stroke-width="2"\(dash)/>\
      <text x="\(Self.text(start + 30))" y="\(Self.text(row + 4))">\(Self.escaped(line.name))</text>\n
      """
  }

  private func x(_ value: Double) -> Double {
    Self.left + (value - across.lowerBound) / (across.upperBound - across.lowerBound)
      * (Self.width - Self.left - Self.right)
  }

  private func y(_ value: Double) -> Double {
    Self.height - Self.bottom - (value - up.lowerBound) / (up.upperBound - up.lowerBound)
      * (Self.height - Self.top - Self.bottom)
  }

  /// A mark without a tail of zeros.
  private static func mark(_ value: Double) -> String {
    let rounded = (value * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  private static func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  private static func escaped(_ text: String) -> String {
    String(
      text.flatMap { character -> String in
        switch character {
        case "<": "&lt;"
        case "&": "&amp;"
        default: String(character)
        }
      })
  }
}
