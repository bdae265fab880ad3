/// Allocation over arrived load as a picture: SVG, which any browser shows and which stays sharp on paper.
package struct CurvePlot: Sendable {
  /// One line of the plot.
  package struct Line: Sendable {
    package var name: String
    /// Percent of load to percent of allocation, by rising load.
    package var points: [(load: Int, allocation: Double)]
    /// Dashed: somebody else's figures.
    package var isReference: Bool

    package init(name: String, points: [(load: Int, allocation: Double)], isReference: Bool = false) {
      self.name = name
      self.points = points
      self.isReference = isReference
    }
  }

  private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"]
  private static let (width, height, left, top, right, bottom) = (760.0, 460.0, 60.0, 40.0, 190.0, 50.0)

  private let title: String
  private let lines: [Line]
  private let loads: ClosedRange<Double>
  private let allocations: ClosedRange<Double>

  /// A plot of the upper end, where policies differ: from three quarters of the capacity on.
  package init(title: String, lines: [Line]) {
    self.title = title
    self.lines = lines
    let most = lines.flatMap { $0.points.map(\.load) }.max() ?? 130
    loads = 70...Double(max(most, 80))
    allocations = 70...100
  }

  /// The picture.
  package var svg: String {
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
      font-family="sans-serif" font-size="13">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Int(Self.left))" y="24" font-size="16">\(Self.escaped(title))</text>\n
      """
    for percent in stride(from: allocations.lowerBound, through: allocations.upperBound, by: 5) {
      let y = y(percent)
      text +=
        "<path d=\"M\(Self.text(Self.left)) \(Self.text(y))H\(Self.text(Self.width - Self.right))\" stroke=\"#ddd\"/>"
      text +=
        "<text x=\"\(Self.text(Self.left - 8))\" y=\"\(Self.text(y + 4))\" text-anchor=\"end\">\(Int(percent)) %</text>\n"
    }
    for percent in stride(from: loads.lowerBound, through: loads.upperBound, by: 10) {
      text +=
        "<text x=\"\(Self.text(x(percent)))\" y=\"\(Self.text(Self.height - Self.bottom + 20))\" text-anchor=\"middle\">\(Int(percent)) %</text>\n"
    }
    text +=
      "<text x=\"\(Self.text(Self.left))\" y=\"\(Self.text(Self.height - 10))\">demand that arrived, percent of all GPUs; up: GPUs allocated</text>\n"
    for (index, line) in lines.enumerated() { text += drawn(line, index) }
    return text + "</svg>\n"
  }

  private func drawn(_ line: Line, _ index: Int) -> String {
    let colour = Self.colours[index % Self.colours.count]
    let inside = line.points.filter { loads.contains(Double($0.load)) && allocations.contains($0.allocation) }
    let path = inside.enumerated().map { position, point in
      (position == 0 ? "M" : "L") + Self.text(x(Double(point.load))) + " " + Self.text(y(point.allocation))
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

  private func x(_ load: Double) -> Double {
    Self.left + (load - loads.lowerBound) / (loads.upperBound - loads.lowerBound)
      * (Self.width - Self.left - Self.right)
  }

  private func y(_ allocation: Double) -> Double {
    Self.height - Self.bottom - (allocation - allocations.lowerBound)
      / (allocations.upperBound - allocations.lowerBound) * (Self.height - Self.top - Self.bottom)
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
