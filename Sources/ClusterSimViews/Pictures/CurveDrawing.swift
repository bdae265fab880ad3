/// Curves over one axis as SVG, for whoever looks at a study. Byte for byte what `python/resonetics/plots.py` draws of the same points, so that
/// trials look alike whoever searched; a test compares them.
package struct CurveDrawing: Sendable {
  /// One curve.
  package struct Line: Sendable {
    package var name: String
    package var points: [(x: Double, y: Double)]

    package init(_ name: String, _ points: [(x: Double, y: Double)]) {
      (self.name, self.points) = (name, points)
    }
  }

  private static let (width, height, margin) = (640, 320, 48)
  private static let colours = ["#1f6feb", "#d1242f", "#1a7f37", "#8250df"]

  private let title: String
  private let lines: [Line]
  private let across: String
  private let up: String
  private let x: (low: Double, high: Double)
  private let y: (low: Double, high: Double)

  /// - Parameters:
  ///   - across: the word for the axis x, likewise `up`. An axis on which all points are equal is one wide.
  package init(_ title: String, _ lines: [Line], across: String, up: String) {
    (self.title, self.lines, self.across, self.up) = (title, lines, across, up)
    func ends(_ values: [Double]) -> (Double, Double) {
      let (low, high) = (values.min() ?? 0, values.max() ?? 0)
      return (low, high > low ? high : low + 1)
    }
    x = ends(lines.flatMap { $0.points.map(\.x) })
    y = ends(lines.flatMap { $0.points.map(\.y) })
  }

  /// The picture.
  package var svg: String {
    let (width, height, margin) = (Self.width, Self.height, Self.margin)
    let middle = "\(Double(width) / 2)"
    func number(_ value: Double) -> String { DecimalText.general(value, digits: 4) }
    var out = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" font-size=\"12\">",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"white\"/>",
      "<text x=\"\(middle)\" y=\"20\" text-anchor=\"middle\" font-size=\"14\">\(Self.escaped(title))</text>",
      "<path d=\"M\(margin),\(margin) V\(height - margin) H\(width - margin)\" fill=\"none\" stroke=\"black\"/>",
      "<text x=\"\(middle)\" y=\"\(height - 8)\" text-anchor=\"middle\">\(Self.escaped(across))</text>",
      "<text x=\"12\" y=\"\(margin - 12)\">\(Self.escaped(up))</text>",
      "<text x=\"\(margin)\" y=\"\(height - margin + 16)\">\(number(x.low))</text>",
      "<text x=\"\(width - margin)\" y=\"\(height - margin + 16)\" text-anchor=\"end\">\(number(x.high))</text>",
      "<text x=\"\(margin - 4)\" y=\"\(height - margin)\" text-anchor=\"end\">\(number(y.low))</text>",
      "<text x=\"\(margin - 4)\" y=\"\(margin + 4)\" text-anchor=\"end\">\(number(y.high))</text>",
    ]
    for (i, line) in lines.enumerated() {
      let colour = Self.colours[i % Self.colours.count]
      let places = line.points.map(place)
      if !places.isEmpty {
        let path = places.map { "\($0.x),\($0.y)" }.joined(separator: " ")
        out.append("<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\"/>")
        out += places.map { "<circle cx=\"\($0.x)\" cy=\"\($0.y)\" r=\"2.5\" fill=\"\(colour)\"/>" }
      }
      out.append(
        "<text x=\"\(width - margin)\" y=\"\(36 + 14 * i)\" text-anchor=\"end\" fill=\"\(colour)\">\(Self.escaped(line.name))</text>"
      )
    }
    return out.joined(separator: "\n") + "\n</svg>\n"
  }

  private func place(_ point: (x: Double, y: Double)) -> (x: String, y: String) {
    let margin = Double(Self.margin)
    let wide = Double(Self.width) - 2 * margin
    let high = Double(Self.height) - 2 * margin
    return (
      DecimalText.fixed(margin + (point.x - x.low) / (x.high - x.low) * wide, decimals: 1),
      DecimalText.fixed(
        Double(Self.height) - margin - (point.y - y.low) / (y.high - y.low) * high, decimals: 1)
    )
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
