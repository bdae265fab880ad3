/// A picture of numbers of colours, one a pixel, row by row.
package struct Raster: Sendable, Hashable {
  package let width: Int
  package let height: Int
  package private(set) var pixels: [UInt8]

  package init(width: Int, height: Int, filled colour: UInt8) {
    (self.width, self.height) = (width, height)
    pixels = Array(repeating: colour, count: width * height)
  }

  /// Colours a pixel; nothing where there is none.
  package mutating func set(_ x: Int, _ y: Int, _ colour: UInt8) {
    if (0..<width).contains(x), (0..<height).contains(y) { pixels[y * width + x] = colour }
  }

  package subscript(x: Int, y: Int) -> UInt8 { pixels[y * width + x] }

  package mutating func fill(_ xs: Range<Int>, _ ys: Range<Int>, _ colour: UInt8) {
    for y in ys { for x in xs { set(x, y, colour) } }
  }
}

/// The colours of pictures: 240 steps from low to high, and a few for marks.
package enum Palette {
  /// matplotlib's inferno (CC0), ordered by lightness; from its second of eleven, so that empty cells are seen on black.
  private static let stops: [(Double, Double, Double)] = [
    (27, 12, 65), (74, 12, 107), (120, 28, 109), (165, 44, 96), (207, 68, 70), (237, 105, 37), (251, 155, 6),
    (247, 209, 61), (252, 255, 164),
  ]
  private static let steps = 240

  package static let ground: UInt8 = 240
  package static let white: UInt8 = 241
  package static let red: UInt8 = 242
  package static let grey: UInt8 = 243

  /// The colour of a value from 0 to 1000.
  package static func colour(permille: Int) -> UInt8 {
    UInt8(min(max(0, permille), 1000) * (steps - 1) / 1000)
  }

  /// Red, green and blue of all 256.
  package static let colours: [(red: UInt8, green: UInt8, blue: UInt8)] = {
    var colours = (0..<steps).map { step in
      let place = Double(step) / Double(steps - 1) * Double(stops.count - 1)
      let low = min(stops.count - 2, Int(place))
      let (a, b, share) = (stops[low], stops[low + 1], place - Double(low))
      func mixed(_ x: Double, _ y: Double) -> UInt8 { UInt8((x + (y - x) * share).rounded()) }
      return (mixed(a.0, b.0), mixed(a.1, b.1), mixed(a.2, b.2))
    }
    colours += [(14, 18, 23), (255, 255, 255), (226, 60, 50), (120, 130, 145)]
    colours += Array(repeating: (0, 0, 0), count: 256 - colours.count)
    return colours
  }()
}
