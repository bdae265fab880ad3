/// Animations as GIF (CompuServe, version 89a): one palette for all frames, LZW with codes of up to twelve bits, repeated for ever.
package struct GIF: Sendable {
  private let width: Int
  private let height: Int
  private var content: [UInt8]

  /// - Parameters:
  ///   - width, height: pixels of every frame, 65535 at most.
  ///   - comment: what it is of, in ASCII, 255 characters at most.
  package init(width: Int, height: Int, comment: String) {
    (self.width, self.height) = (width, height)
    content = Array("GIF89a".utf8) + Self.little(width) + Self.little(height)
    // A palette of 256 colours, background 0, square pixels.
    content += [0xF7, 0, 0]
    content += Palette.colours.flatMap { [$0.red, $0.green, $0.blue] }
    content += [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
    let text = comment.utf8.prefix(255)
    content += [0x21, 0xFE, UInt8(text.count)] + Array(text) + [0]
  }

  /// Adds a frame.
  ///
  /// - Parameter centiseconds: how long it is shown.
  package mutating func add(_ raster: Raster, centiseconds: Int) {
    content += [0x21, 0xF9, 4, 0x04] + Self.little(centiseconds) + [0, 0]
    content += [0x2C, 0, 0, 0, 0] + Self.little(width) + Self.little(height) + [0, 8]
    var packed = Self.packed(raster.pixels)[...]
    while !packed.isEmpty {
      let block = packed.prefix(255)
      content.append(UInt8(block.count))
      content += block
      packed = packed.dropFirst(255)
    }
    content.append(0)
  }

  /// The file.
  package var bytes: [UInt8] { content + [0x3B] }

  private static func little(_ value: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
  }

  /// LZW as GIF has it: codes from nine bits, least significant bit first, a code that clears and one that ends.
  private static func packed(_ pixels: [UInt8]) -> [UInt8] {
    let (clear, end, most) = (256, 257, 4096)
    var (out, held, bits) = ([UInt8](), UInt32(0), 0)
    var (width, next) = (9, 258)
    // From a code and the pixel after it to the code of both.
    var codes: [UInt32: Int] = [:]
    func key(_ code: Int, _ pixel: UInt8) -> UInt32 { UInt32(code) << 8 | UInt32(pixel) }
    func put(_ code: Int) {
      held |= UInt32(code) << UInt32(bits)
      bits += width
      while bits >= 8 {
        out.append(UInt8(truncatingIfNeeded: held))
        held >>= 8
        bits -= 8
      }
    }
    put(clear)
    guard var code = pixels.first.map(Int.init) else {
      put(end)
      return out + (bits > 0 ? [UInt8(truncatingIfNeeded: held)] : [])
    }
    for pixel in pixels.dropFirst() {
      if let longer = codes[key(code, pixel)] {
        code = longer
        continue
      }
      put(code)
      if next < most {
        codes[key(code, pixel)] = next
        // A reader knows each code one step later: the width grows with the first code that needs it.
        if next == 1 << width { width += 1 }
        next += 1
      } else {
        put(clear)
        codes.removeAll(keepingCapacity: true)
        (width, next) = (9, 258)
      }
      code = Int(pixel)
    }
    put(code)
    // The reader adds its last entry with this code, which may make the end code wider.
    if next == 1 << width, width < 12 { width += 1 }
    put(end)
    if bits > 0 { out.append(UInt8(truncatingIfNeeded: held)) }
    return out
  }
}
